package dev.kerf.model.sam2.network;

import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import dev.kerf.weights.Weights.TensorInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The architecture of a SAM 2 checkpoint: one of four sizes in one of two versions, told from its tensors, and the
 * settings that upstream's predictors turn on.
 *
 * <pre>{@code
 * Sam2Config c = Sam2Config.of(Weights.open(Path.of("sam2.1_hiera_tiny.pt")));
 * c.size();    // TINY
 * c.version(); // V2_1
 * }</pre>
 *
 * @param size             width and depth of the image encoder
 * @param version          which of the two releases
 * @param imageSize        side of the square that images are resized to, in pixels; a multiple of 32
 * @param dynamicMultimask whether a single mask that isn't stable gives way to the best of three (upstream's
 *                         {@code dynamic_multimask_via_stability}, which its predictors turn on)
 * @param binarizeClicked  whether the mask of a frame with clicks enters the memory as 0 and 1 (upstream's
 *                         {@code binarize_mask_from_pts_for_mem_enc}, which its video predictor turns on)
 * @param holeArea         holes of a video's masks that are filled: of up to so many pixels of the network's masks
 *                         (upstream's {@code fill_hole_area}, 8 in its video predictor); 0 for none
 */
public record Sam2Config(
        Size size, Version version, int imageSize, boolean dynamicMultimask, boolean binarizeClicked, int holeArea) {
    /** Side that the official checkpoints were trained with. */
    public static final int IMAGE_SIZE = 1024;
    private static final int LEAST = 64;
    private static final int MOST = 4096;
    /** Channels of embeddings and tokens. */
    public static final int WIDTH = 256;
    /** Epsilon of Hiera's norms and of LayerNorm2d. */
    static final double EPS = 1e-6;
    /** Channels of a memory. */
    public static final int MEMORY_WIDTH = 64;
    /** Frames that a memory holds: conditioning ones count as one. */
    public static final int MEMORIES = 7;
    /** Object pointers that attention sees at most, where no more frames are conditioned. */
    public static final int POINTERS = 16;
    /** Logits within this of 0 make a mask unstable. */
    static final float STABILITY_DELTA = 0.05f;
    /** A stable mask loses no larger part of its area between the thresholds +δ and −δ. */
    static final float STABILITY_THRESHOLD = 0.98f;
    /** Holes that upstream's video predictor fills. */
    public static final int HOLE_AREA = 8;
    /** Tensors of the checkpoints that inference never reads. */
    static final List<String> NOT_NEEDED = List.of("no_mem_pos_enc");

    /** The tensor by which a checkpoint shows what it is. */
    public static final String PATCHES = "image_encoder.trunk.patch_embed.proj.weight";
    /** The tensor by which EdgeTAM's does. */
    public static final String STEM = "image_encoder.trunk.body.stem.conv2.c.weight";

    /** The releases; a checkpoint's tensors tell which it is. */
    public enum Version {
        /** SAM 2, July 2024. */
        V2_0,
        /** SAM 2.1, September 2024: a no-object embedding of memories, projected temporal encoding of pointers. */
        V2_1
    }

    /** What the network is called: {@code SAM 2.1 tiny}. */
    public String label() {
        return size == Size.EDGE ? size.label : "SAM 2" + (version == Version.V2_1 ? ".1 " : " ") + size.label;
    }

    /** Sizes of the image encoder (Hiera, Ryali et al. 2023), and EdgeTAM's. */
    public enum Size {
        /** 39 million parameters. */
        TINY("tiny", 96, 1, List.of(1, 2, 7, 2), List.of(5, 7, 9), List.of(8, 4, 14, 7), 7),
        /** 46 million parameters. */
        SMALL("small", 96, 1, List.of(1, 2, 11, 2), List.of(7, 10, 13), List.of(8, 4, 14, 7), 7),
        /** 81 million parameters. */
        BASE_PLUS("base+", 112, 2, List.of(2, 3, 16, 3), List.of(12, 16, 20), List.of(8, 4, 14, 7), 14),
        /** 224 million parameters. */
        LARGE("large", 144, 2, List.of(2, 6, 36, 4), List.of(23, 33, 43), List.of(8, 4, 16, 8), 7),
        /** EdgeTAM, 14 million parameters: RepViT in place of Hiera, and memories of few tokens. */
        EDGE("EdgeTAM", 48, 0, List.of(2, 2, 14, 2), List.of(), List.of(), 0);

        private final String label;
        private final int embedDim;
        private final int heads;
        private final List<Integer> stages;
        private final List<Integer> globalBlocks;
        private final List<Integer> windows;
        private final int positions;

        Size(String label, int embedDim, int heads, List<Integer> stages, List<Integer> globalBlocks,
                List<Integer> windows, int positions) {
            this.label = label;
            this.embedDim = embedDim;
            this.heads = heads;
            this.stages = stages;
            this.globalBlocks = globalBlocks;
            this.windows = windows;
            this.positions = positions;
        }

        /** The name that users know: tiny, small, base+, large or EdgeTAM. */
        public String label() {
            return label;
        }

        /** Channels of the first stage; each stage has twice those of the one before. */
        public int embedDim() {
            return embedDim;
        }

        /** Attention heads of the first stage, doubled likewise; 0 of EdgeTAM, whose trunk has none. */
        public int heads() {
            return heads;
        }

        /** Blocks of each stage. */
        public List<Integer> stages() {
            return stages;
        }

        /** Blocks, counted from 0 through all stages, whose attention sees the whole image. */
        List<Integer> globalBlocks() {
            return globalBlocks;
        }

        /** Side of an attention window in each stage. */
        List<Integer> windows() {
            return windows;
        }

        /** Side of the grid of position embeddings. */
        int positions() {
            return positions;
        }

        /** Blocks of all stages. */
        public int depth() {
            return stages.stream().mapToInt(Integer::intValue).sum();
        }
    }

    /** Checks the side. */
    public Sam2Config {
        check(imageSize, holeArea);
        if (size == Size.EDGE && imageSize % (16 * Perceiver.SIDE) != 0) {
            throw new BadInputException("image size " + imageSize + ": EdgeTAM takes a multiple of " + 16 * Perceiver.SIDE);
        }
    }

    /**
     * Checks what callers choose.
     *
     * @throws BadInputException if there is no such side or area
     */
    public static void check(int imageSize, int holeArea) {
        if (imageSize < LEAST || imageSize > MOST || imageSize % 32 != 0) {
            throw new BadInputException("image size " + imageSize + ": expected a multiple of 32 from 64 to " + MOST);
        }
        if (holeArea < 0) {
            throw new BadInputException("hole area " + holeArea + ": expected 0 or more pixels");
        }
    }

    /**
     * Tells a checkpoint's size and version, with the settings of upstream's predictors.
     *
     * @throws BadWeightsException if it is no SAM 2 checkpoint; says what was looked for
     */
    public static Sam2Config of(Weights weights) {
        if (weights.contains(STEM)) {
            return edge(weights);
        }
        Optional<TensorInfo> patch = weights.find(PATCHES);
        if (patch.isEmpty()) {
            throw new BadWeightsException(weights.source() + ": no SAM 2 checkpoint: it has no tensor '"
                    + PATCHES + "'");
        }
        long channels = patch.get().shape().rank() == 0 ? 0 : patch.get().shape().dim(0);
        int depth = 0;
        while (weights.contains("image_encoder.trunk.blocks." + depth + ".norm1.weight")) {
            depth++;
        }
        for (Size s : Size.values()) {
            if (s.embedDim == channels && s.depth() == depth) {
                return new Sam2Config(s, version(weights), IMAGE_SIZE, true, true, HOLE_AREA);
            }
        }
        throw new BadWeightsException(weights.source() + ": an image encoder of " + channels + " channels and " + depth
                + " blocks is none of SAM 2's sizes: " + Arrays.stream(Size.values())
                        .filter(s -> s != Size.EDGE).map(s -> s.label + " (" + s.embedDim + ", " + s.depth() + ")")
                        .collect(Collectors.joining(", ")));
    }

    private static Sam2Config edge(Weights weights) {
        List<Integer> stages = new ArrayList<>();
        for (int s = 0; s < 4; s++) {
            int n = 0;
            while (weights.contains("image_encoder.trunk.body.stages_" + s + ".blocks." + n + ".token_mixer.conv.c.weight")) {
                n++;
            }
            stages.add(n);
        }
        Shape stem = weights.find(STEM).orElseThrow().shape();
        long channels = stem.rank() == 0 ? 0 : stem.dim(0);
        if (!stages.equals(Size.EDGE.stages) || channels != Size.EDGE.embedDim) {
            throw new BadWeightsException(weights.source() + ": a RepViT of " + channels + " channels and blocks " + stages
                    + " isn't EdgeTAM's, which has " + Size.EDGE.embedDim + " and " + Size.EDGE.stages);
        }
        return new Sam2Config(Size.EDGE, Version.V2_0, IMAGE_SIZE, true, true, HOLE_AREA);
    }

    private static Version version(Weights weights) {
        boolean embedding = weights.contains("no_obj_embed_spatial");
        boolean projection = weights.contains("obj_ptr_tpos_proj.weight");
        if (embedding != projection) {
            throw new BadWeightsException(weights.source() + ": neither SAM 2.0 nor 2.1: of 'no_obj_embed_spatial' and "
                    + "'obj_ptr_tpos_proj.weight', which only 2.1 has, it has one");
        }
        return embedding ? Version.V2_1 : Version.V2_0;
    }

    /** This with another side of the network's input. */
    public Sam2Config withImageSize(int side) {
        return new Sam2Config(size, version, side, dynamicMultimask, binarizeClicked, holeArea);
    }

    /** This with or without the settings that upstream's predictors turn on. */
    public Sam2Config withPredictorSettings(boolean on) {
        return new Sam2Config(size, version, imageSize, on, on, on ? HOLE_AREA : 0);
    }

    /** What prompts are answered with. */
    public PromptConfig prompts() {
        return new PromptConfig(PromptConfig.Family.SAM2, imageSize, dynamicMultimask);
    }

    /** What stands first in the image encoder, below its path. */
    Trunk trunk(Layers p) {
        return size == Size.EDGE ? new RepVitTrunk(p, size) : new HieraTrunk(p, size);
    }

    /** Tensors of such a checkpoint that inference never reads: names, or patterns of them. */
    List<String> notNeeded() {
        return size == Size.EDGE ? List.of(NOT_NEEDED.getFirst(), "*.num_batches_tracked") : NOT_NEEDED;
    }

    /** The smallest side of the network's input. */
    int smallest() {
        return size == Size.EDGE ? 16 * Perceiver.SIDE : LEAST;
    }

    /** Layers of memory attention. */
    int memoryLayers() {
        return size == Size.EDGE ? 2 : 4;
    }

    /** Tokens of a frame's memory: those of the image embedding, or the few that EdgeTAM makes of them. */
    public long memoryTokens() {
        return size == Size.EDGE ? 2L * Perceiver.LATENTS : (long) grid() * grid();
    }

    /** Side of the image embedding: a sixteenth of the input's. */
    public int grid() {
        return imageSize / 16;
    }

    /** Side of the network's mask logits: a quarter of the input's. */
    public int maskSize() {
        return imageSize / 4;
    }
}
