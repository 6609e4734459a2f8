package dev.kerf.model.sam2.network;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.model.nn.Layers;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/**
 * The parts of SAM 2 that a video adds. Memories lie in two states, each a ring of slots: {@code memories} (slots,
 * L, 64), L being the places of the image embedding or EdgeTAM's 512 tokens, and {@code pointers} (slots, 256). Which slots a frame attends to, how old they are and which are valid
 * are inputs; objects are the batch axis.
 */
public final class Sam2VideoGraphs {
    /** Mask logit of a thing that isn't in the frame. */
    public static final float NO_OBJECT = -1024;

    private Sam2VideoGraphs() {}

    /**
     * What a frame's graph is made for.
     *
     * @param decoder  objects and their prompts
     * @param slots    of the rings
     * @param memories room for memories of each object; 0 for a frame that has none
     * @param pointers room for object pointers of each object; 0 likewise
     */
    public record FrameRequest(DecoderRequest decoder, int slots, int memories, int pointers) {
        /** Checks the extents. */
        public FrameRequest {
            if (memories < 0 || pointers < 0 || (memories == 0) != (pointers == 0) || memories > 0 && slots < 1) {
                throw new BadInputException(memories + " memories and " + pointers + " pointers of " + slots
                        + " slots");
            }
        }

        /** Whether the frame attends to memories. */
        public boolean remembers() {
            return memories > 0;
        }
    }

    /**
     * Masks of objects in a frame. Inputs: the image encoder's outputs ({@code vision_features} for a frame with
     * memories, {@code image_embeddings} for one without), {@code points}, {@code labels} and, if asked for, {@code
     * mask_input} as {@link PromptGraphs#decoder} takes them (a frame that is only tracked has two points labelled −1),
     * and with memories {@code memory_slots}, {@code memory_ages}, {@code memory_valid}, each (B, M) int32, {@code
     * pointer_slots}, {@code pointer_valid}, (B, P) int32, and {@code pointer_times} (B, P, 256), the encoding of
     * their distance. An age is a row of {@code maskmem_tpos_enc}: 6 for a conditioning frame, 0 for the last frame.
     * Outputs: {@code low_res_masks} (B, 1, S/4, S/4), {@link #NO_OBJECT} where the thing is absent, {@code
     * object_pointer} (B, 256), {@code object_score_logits} (B, 1) and {@code iou_predictions} (B, 1).
     */
    public static Graph frame(Sam2Config config, FrameRequest r) {
        GraphBuilder g = new GraphBuilder();
        Layers model = Layers.of(g);
        ImageEncoder.Features given = PromptGraphs.features(g, config.prompts(),
                r.remembers() ? "vision_features" : "image_embeddings");
        ImageEncoder.Features features = !r.remembers()
                ? given
                : new ImageEncoder.Features(
                        new MemoryAttention(model.at("memory_attention"), config)
                                .forward(given.embeddings(), memory(model, config, r)),
                        given.fine(), given.medium());
        g.stage("memory_conditioned_features", features.embeddings());
        var prompted = PromptGraphs.prompt(g, config.prompts(), r.decoder(), features);
        MaskDecoder decoder = prompted.decoder();
        MaskDecoder.Masks m = prompted.masks();
        boolean multimask = r.decoder().multimask();
        Value which = decoder.one(m);
        Value masks = decoder.pick(m.masks(), which); // (B, 1, S/4, S/4)
        int b = r.decoder().batch();
        // Upstream takes the first token even where another mask than the first was the stable one.
        Value token = multimask ? decoder.pick(m.tokens(), which) : g.slice(m.tokens(), 1, 0, 1);
        Value there = g.apply(new PointwiseOp.Compare(Relation.GREATER), g.reshape(m.object(), b, 1, 1, 1),
                g.constant(0f));
        masks = g.apply(new PointwiseOp.Where(), there, masks, g.constant(NO_OBJECT));
        Value pointer = new MemoryEncoder(model, config).pointer(g.reshape(token, b, Sam2Config.WIDTH), m.object());
        g.output("low_res_masks", g.stage("low_res_masks", masks));
        g.output("object_pointer", g.stage("object_pointer", pointer));
        g.output("object_score_logits", g.stage("object_score_logits", m.object()));
        g.output("iou_predictions", decoder.pick(m.ious(), which));
        return g.build();
    }

    /**
     * A mask that is given, not found: upstream's {@code add_new_mask} and {@code _use_mask_as_output}. Inputs: {@code
     * vision_features}, the two high-resolution features and {@code mask} (1, 1, height, width), 0 or 1. Outputs as
     * those of {@link #frame}; the decoder is asked for the object pointer alone.
     */
    public static Graph given(Sam2Config config, int height, int width) {
        GraphBuilder g = new GraphBuilder();
        Layers model = Layers.of(g);
        int objects = 1;
        ImageEncoder.Features one = PromptGraphs.features(g, config.prompts(), "vision_features");
        Value mask = g.input("mask", TensorType.f32(objects, 1, height, width));
        int whole = config.imageSize();
        if (height != whole || width != whole) {
            Value resized = PictureInput.resized(g, mask, whole, whole, Interpolation.BILINEAR, true);
            mask = g.apply(new PointwiseOp.Cast(DType.F32), g.apply(
                    new PointwiseOp.Compare(Relation.GREATER_OR_EQUAL), resized, g.constant(0.5f)));
        }
        Value logits = g.add(g.multiply(mask, g.constant(20f)), g.constant(-10f));
        int side = config.maskSize();
        Value small = PictureInput.resized(g, logits, side, side, Interpolation.BILINEAR, true);
        Value hint = model.at("mask_downsample").conv2d(mask, 1, 4, Window2d.of().stride(4)); // (B, 1, S/4, S/4)
        Value points = g.constant(HostTensor.zeros(DType.F32, Shape.of(objects, 2, 2)));
        int[] padding = new int[2 * objects];
        Arrays.fill(padding, PromptEncoder.PADDING);
        Value labels = g.constant(HostTensor.of(Shape.of(objects, 2), padding));
        MaskDecoder.Masks m = PromptGraphs.prompt(g, config.prompts(), points, labels, hint, one, false).masks();
        // Whether the thing is there is told by the mask; the pointer is a thing's only where the decoder says so too.
        Value largest = g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(2, 3), false), mask); // (B, 1)
        Value token = g.reshape(g.slice(m.tokens(), 1, 0, 1), objects, Sam2Config.WIDTH);
        MemoryEncoder pointers = new MemoryEncoder(model, config);
        Value both = g.binary(Arithmetic.MIN, m.object(), g.binary(Arithmetic.SUBTRACT, largest, g.constant(0.5f)));
        g.output("low_res_masks", small);
        g.output("object_pointer", pointers.pointer(token, both));
        g.output("object_score_logits", g.add(g.multiply(largest, g.constant(20f)), g.constant(-10f)));
        g.output("iou_predictions", g.constant(ones(objects)));
        return g.build();
    }

    private static HostTensor ones(int n) {
        float[] v = new float[n];
        Arrays.fill(v, 1);
        return HostTensor.of(Shape.of(n, 1), v);
    }

    private static MemoryAttention.Memory memory(Layers model, Sam2Config config, FrameRequest r) {
        GraphBuilder g = model.g();
        long b = r.decoder().batch();
        long m = r.memories();
        long n = r.pointers();
        long cells = config.memoryTokens();
        int width = Sam2Config.MEMORY_WIDTH;
        Value memories = g.state("memories", TensorType.f32(r.slots(), cells, width));
        Value pointers = g.state("pointers", TensorType.f32(r.slots(), Sam2Config.WIDTH));
        Value spatial = g.apply(new MoveOp.Gather(), memories, integers(g, "memory_slots", b, m)); // (B, M, L, 64)
        Value place = place(model, config); // (1, L, 64)
        Value ages = g.reshape(model.weight("maskmem_tpos_enc", Sam2Config.MEMORIES, 1, 1, width),
                Sam2Config.MEMORIES, width);
        Value time = g.apply(new MoveOp.Gather(), ages, integers(g, "memory_ages", b, m)); // (B, M, 64)
        Value placed = g.add(g.add(spatial, place), g.reshape(time, b, m, 1, width));
        long each = Sam2Config.WIDTH / width;
        Value picked = g.apply(new MoveOp.Gather(), pointers, integers(g, "pointer_slots", b, n)); // (B, P, 256)
        Value tokens = g.reshape(picked, b, n * each, width);
        Value times = g.input("pointer_times", TensorType.f32(b, n, Sam2Config.WIDTH));
        Value timed = tokens;
        if (config.version() == Sam2Config.Version.V2_1) {
            Value projected = g.reshape(model.at("obj_ptr_tpos_proj").linear(times, width), b, n, 1, width);
            timed = g.reshape(g.add(g.reshape(tokens, b, n, each, width), projected), b, n * each, width);
        }
        Value bias = g.concat(1, bias(g, integers(g, "memory_valid", b, m), cells),
                bias(g, integers(g, "pointer_valid", b, n), each)); // (B, Lk)
        return new MemoryAttention.Memory(g.reshape(spatial, b, m * cells, width), g.reshape(placed, b, m * cells, width),
                tokens, timed, g.reshape(bias, b, 1, 1, m * cells + n * each));
    }

    /** Where the tokens of a memory are. */
    private static Value place(Layers model, Sam2Config config) {
        GraphBuilder g = model.g();
        return config.size() == Sam2Config.Size.EDGE
                ? g.constant(Perceiver.positions())
                : model.tokens(g.constant(Positions.sine2d(Sam2Config.MEMORY_WIDTH, config.grid())));
    }

    private static Value integers(GraphBuilder g, String slot, long... dims) {
        return g.input(slot, TensorType.of(DType.I32, dims));
    }

    /** Validity (B, n) to what is added to scores, each {@code times} times: (B, n · times). */
    private static Value bias(GraphBuilder g, Value valid, long times) {
        Shape s = valid.type().shape();
        Value none = g.apply(new PointwiseOp.Compare(Relation.EQUAL), valid,
                g.constant(HostTensor.of(Shape.of(), new int[] {0})));
        Value bias = g.apply(new PointwiseOp.Where(), none, g.constant(Float.NEGATIVE_INFINITY), g.constant(0f));
        Value spread = g.apply(new MoveOp.Expand(Shape.of(s.dim(0), s.dim(1), times)),
                g.reshape(bias, s.dim(0), s.dim(1), 1));
        return g.reshape(spread, s.dim(0), s.dim(1) * times);
    }

    /**
     * A frame put into memory. Inputs: {@code vision_features}, {@code low_res_masks} (B, 1, S/4, S/4), {@code
     * object_score_logits} (B, 1), {@code object_pointer} (B, 256) and {@code slots} (B) int32, where to. Updates both
     * rings. Output: {@code memory_features} (B, 64, grid, grid), of EdgeTAM (B, 512, 64).
     *
     * @param objects  B
     * @param slots    of the rings
     * @param binarize whether the masks count as 0 and 1
     */
    public static Graph remember(Sam2Config config, int objects, int slots, boolean binarize) {
        GraphBuilder g = new GraphBuilder();
        Layers model = Layers.of(g);
        int grid = config.grid();
        int side = config.maskSize();
        Value features = g.input("vision_features", TensorType.f32(1, Sam2Config.WIDTH, grid, grid));
        Value masks = g.input("low_res_masks", TensorType.f32(objects, 1, side, side));
        Value object = g.input("object_score_logits", TensorType.f32(objects, 1));
        Value pointer = g.input("object_pointer", TensorType.f32(objects, Sam2Config.WIDTH));
        Value to = integers(g, "slots", objects);
        Value memory = new MemoryEncoder(model, config).forward(features, masks, object, binarize);
        boolean few = config.size() == Sam2Config.Size.EDGE;
        g.stage("memory_pos_enc", few ? place(model, config) : g.constant(Positions.sine2d(Sam2Config.MEMORY_WIDTH, grid)));
        g.output("memory_features", g.stage("memory_features", memory));
        write(g, "memories", slots, few ? memory : model.tokens(memory), to);
        write(g, "pointers", slots, pointer, to);
        return g.build();
    }

    /**
     * A slot's contents: input {@code slot} (1) int32, outputs {@code memory} (L, 64) and {@code pointer} (256).
     */
    public static Graph readSlot(Sam2Config config, int slots) {
        GraphBuilder g = new GraphBuilder();
        long cells = config.memoryTokens();
        int width = Sam2Config.MEMORY_WIDTH;
        Value slot = integers(g, "slot", 1);
        Value memories = g.state("memories", TensorType.f32(slots, cells, width));
        Value pointers = g.state("pointers", TensorType.f32(slots, Sam2Config.WIDTH));
        g.output("memory", g.reshape(g.apply(new MoveOp.Gather(), memories, slot), cells, width));
        g.output("pointer", g.reshape(g.apply(new MoveOp.Gather(), pointers, slot), Sam2Config.WIDTH));
        return g.build();
    }

    /** The reverse of {@link #readSlot}: its outputs are inputs. */
    public static Graph writeSlot(Sam2Config config, int slots) {
        GraphBuilder g = new GraphBuilder();
        long cells = config.memoryTokens();
        int width = Sam2Config.MEMORY_WIDTH;
        Value slot = integers(g, "slot", 1);
        write(g, "memories", slots, g.reshape(g.input("memory", TensorType.f32(cells, width)), 1, cells, width), slot);
        write(g, "pointers", slots, g.reshape(g.input("pointer", TensorType.f32(Sam2Config.WIDTH)), 1, Sam2Config.WIDTH),
                slot);
        return g.build();
    }

    /** Item i of values (B, …) to slot to[i] of a state. */
    private static void write(GraphBuilder g, String name, int slots, Value values, Value to) {
        Shape s = values.type().shape();
        Value state = g.state(name, values.type().as(s.with(0, slots)));
        long[] item = Arrays.copyOfRange(s.dims(), 1, s.rank());
        for (int i = 0; i < s.dim(0); i++) {
            state = g.apply(new StateOp.WriteSlot(), state, g.reshape(g.slice(values, 0, i, i + 1), item),
                    g.reshape(g.slice(to, 0, i, i + 1)));
        }
    }
}
