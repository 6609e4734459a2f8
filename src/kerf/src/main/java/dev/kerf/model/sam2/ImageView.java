package dev.kerf.model.sam2;

import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.mask.Box;
import dev.kerf.mask.RunLength;
import dev.kerf.model.DeviceResult;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.model.plan.PlanResult;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.model.sam2.network.MaskDecoder;
import dev.kerf.tensor.HostTensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * An image that a network has looked at: its features, on the device, from which any number of prompts are answered at the
 * mask decoder's cost alone. Made by {@link PromptModel#look}.
 *
 * <p>May be used by many threads at once until it is closed.
 */
public final class ImageView implements AutoCloseable {
    /** Prompts answered in one run at most; more are answered in several. */
    public static final int MOST_AT_ONCE = 8;

    private final Prompting sam;
    private final int width;
    private final int height;
    private final Map<String, DeviceTensor.State> features = new LinkedHashMap<>();
    private boolean closed;

    ImageView(Prompting sam, int width, int height, Map<String, Value> states, Device device) {
        this.sam = sam;
        this.width = width;
        this.height = height;
        states.forEach((name, v) -> features.put(name, device.allocateState(v.type())));
    }

    /** Columns of the image. */
    public int width() {
        return width;
    }

    /** Rows of the image. */
    public int height() {
        return height;
    }

    /**
     * Copies of the features, to be kept: {@link PromptModel#restore} makes a view of them again. {@code image_embeddings} F32
     * (1, 256, S/16, S/16) and, of SAM 2, {@code high_res_features_0} and {@code _1}.
     */
    public synchronized Map<String, HostTensor> features() {
        if (closed) {
            throw new ClosedException("the image view is closed");
        }
        Map<String, HostTensor> out = new LinkedHashMap<>();
        features.forEach((name, f) -> out.put(name, f.toHost()));
        return out;
    }

    /** Takes features in. Throws {@link BadInputException} if they aren't this network's. */
    void fill(Map<String, HostTensor> kept) {
        if (!kept.keySet().equals(features.keySet())) {
            throw new BadInputException("features " + kept.keySet() + ": expected " + features.keySet());
        }
        features.forEach((name, f) -> {
            HostTensor own = kept.get(name);
            if (own.dtype() != f.type().dtype() || !own.shape().equals(f.type().shape())) {
                throw new BadInputException("feature " + name + " is " + own + ": expected " + f.type());
            }
            FiniteCheck.requireInput("feature " + name, own);
            f.upload(own.data());
        });
    }

    /** Bytes that the features take on the device until this is closed. */
    public long bytes() {
        return features.values().stream().mapToLong(f -> f.type().bytes()).sum();
    }

    /**
     * The mask that answers a prompt. A prompt that could mean several things, such as a single point, is better
     * answered by {@link #candidates}.
     *
     * @throws dev.kerf.error.BadInputException if the prompt is empty or something of it isn't in the image
     */
    public Prediction predict(Prompt prompt) {
        return predictAll(List.of(prompt)).getFirst();
    }

    /** Masks that answer each prompt by itself, in their order: several boxes at once, say. */
    public List<Prediction> predictAll(List<Prompt> prompts) {
        return answers(prompts, false).stream().map(List::getFirst).toList();
    }

    /**
     * Three masks for what the prompt could mean (the whole, a part, a part of that), the best by predicted IoU first.
     */
    public List<Prediction> candidates(Prompt prompt) {
        return answers(List.of(prompt), true).getFirst().stream()
                .sorted(Comparator.comparingDouble(Prediction::iou).reversed())
                .toList();
    }

    /**
     * The first of {@link #candidates}, for less: of the three only it is brought to the image's size.
     */
    public Prediction best(Prompt prompt) {
        try (PlanResult found = decodeOne(prompt, true)) {
            Chosen c = chosen(found, true);
            try (var lease = sam.upscalers().lease(new Prompting.Upscale(Prompting.Masks.KNOWN, 1, 1, height, width))) {
                Executable u = upscaled(lease.plan(), c);
                HostTensor whole = PromptBatch.plane(u.output("logits").toHost(), 0);
                HostTensor inside = PromptBatch.plane(u.output("masks").toHost(), 0);
                return sam.config().second()
                        ? Prediction.of(whole, inside, PromptBatch.clamped(c.low), c.iou,
                                (float) found.get("object_score_logits").toHost().getDouble(0))
                        : Prediction.of(whole, inside, c.low, c.iou);
            }
        }
    }

    /**
     * A mask without a logit for each pixel.
     *
     * @param mask   the thing's pixels
     * @param bounds the smallest box around them
     * @param iou    how well the network thinks that the mask fits, 0 … 1
     * @param lowRes logits of the network's own size, to refine with another prompt, as {@link Prediction#lowRes}
     */
    public record Outline(RunLength mask, Box bounds, float iou, HostTensor lowRes) {}

    /**
     * The first of {@link #outlines}, for less: for what follows a pointer over an image.
     *
     * @param several whether the best of what the prompt could mean is wanted
     * @throws dev.kerf.error.BadInputException if the prompt is empty or something of it isn't in the image
     */
    public Outline outline(Prompt prompt, boolean several) {
        try (PlanResult found = decodeOne(prompt, several)) {
            return outline(chosen(found, several));
        }
    }

    /**
     * The mask of {@link #predict}, or with {@code several} those of {@link #candidates}, to the pixel, without their logits: which
     * of a large image take longer to bring to its size than the network takes to answer.
     *
     * @param several whether masks for all that the prompt could mean are wanted, the best first
     * @throws dev.kerf.error.BadInputException if the prompt is empty or something of it isn't in the image
     */
    public List<Outline> outlines(Prompt prompt, boolean several) {
        try (PlanResult found = decodeOne(prompt, several)) {
            return IntStream.range(0, several ? MaskDecoder.MASKS - 1 : 1).mapToObj(m -> outline(chosen(found, m)))
                    .sorted(Comparator.comparingDouble(Outline::iou).reversed()).toList();
        }
    }

    private Outline outline(Chosen c) {
        try (var lease = sam.upscalers().lease(new Prompting.Upscale(Prompting.Masks.PIXELS, 1, 1, height, width))) {
            Executable u = upscaled(lease.plan(), c);
            RunLength runs = RunLength.encode(width, height, u.output("masks").toHost().data());
            return new Outline(runs, runs.bounds(), c.iou, sam.config().second() ? PromptBatch.clamped(c.low) : c.low);
        }
    }

    /** One of the masks that answer a prompt: its logits of the network's size, and its predicted IoU. */
    private record Chosen(HostTensor low, float iou) {}

    private PlanResult decodeOne(Prompt prompt, boolean several) {
        prompt.check(width, height, sam.config().maskSize());
        return decodeLow(PromptBatch.of(List.of(prompt), prompt.mask() != null, sam.config()), several);
    }

    /** The mask that is there, or the best of the three. */
    private static Chosen chosen(PlanResult found, boolean several) {
        HostTensor ious = found.get("iou_predictions").toHost();
        int best = 0;
        for (int m = 1; several && m < MaskDecoder.MASKS - 1; m++) {
            best = ious.getDouble(m) > ious.getDouble(best) ? m : best;
        }
        return chosen(found, best);
    }

    private static Chosen chosen(PlanResult found, int mask) {
        float iou = (float) found.get("iou_predictions").toHost().getDouble(mask);
        FiniteCheck.require("the image", iou);
        return new Chosen(PromptBatch.plane(found.get("low_res_masks").toHost(), mask), iou);
    }

    private static Executable upscaled(Executable u, Chosen c) {
        u.input("low_res_masks").upload(c.low.data());
        u.run();
        FiniteCheck.require(u, PictureInput.names(1));
        return u;
    }

    /** One mask or three for each prompt, in the network's order. */
    List<List<Prediction>> answers(List<Prompt> prompts, boolean multimask) {
        prompts.forEach(p -> p.check(width, height, sam.config().maskSize()));
        List<List<Prediction>> out = new ArrayList<>();
        int i = 0;
        while (i < prompts.size()) {
            boolean mask = prompts.get(i).mask() != null;
            int end = i + 1;
            while (end < prompts.size() && end < i + MOST_AT_ONCE && prompts.get(end).mask() != null == mask) {
                end++;
            }
            out.addAll(decode(prompts.subList(i, end), mask, multimask));
            i = end;
        }
        return out;
    }

    private List<List<Prediction>> decode(List<Prompt> prompts, boolean mask, boolean multimask) {
        PromptBatch batch = PromptBatch.of(prompts, mask, sam.config());
        int masks = multimask ? MaskDecoder.MASKS - 1 : 1;
        try (PlanResult found = decode(batch, multimask)) {
            HostTensor ious = found.get("iou_predictions").toHost();
            HostTensor objects = sam.config().second() ? found.get("object_score_logits").toHost() : null;
            HostTensor low = found.get("low_res_masks").toHost();
            HostTensor logits = found.get("logits").toHost();
            HostTensor binary = found.get("masks").toHost();
            List<List<Prediction>> out = new ArrayList<>();
            for (int i = 0; i < prompts.size(); i++) {
                List<Prediction> of = new ArrayList<>();
                for (int m = i * masks; m < (i + 1) * masks; m++) {
                    HostTensor own = PromptBatch.plane(low, m);
                    HostTensor whole = PromptBatch.plane(logits, m);
                    HostTensor inside = PromptBatch.plane(binary, m);
                    float iou = (float) ious.getDouble(m);
                    of.add(objects == null
                            ? Prediction.of(whole, inside, own, iou)
                            : Prediction.of(whole, inside, PromptBatch.clamped(own), iou, (float) objects.getDouble(i)));
                }
                out.add(of);
            }
            return out;
        }
    }

    /** Masks of the network's size. */
    private PlanResult decodeLow(PromptBatch batch, boolean multimask) {
        DecoderRequest request = new DecoderRequest(batch.size(), batch.room(), batch.mask(), multimask);
        return PlanResult.of(sam.decoders().lease(request), e -> {
            bind(e, sam.features().toArray(String[]::new));
            batch.upload(e, width, height);
            e.run();
        });
    }

    private PlanResult decode(PromptBatch batch, boolean multimask) {
        int masks = multimask ? MaskDecoder.MASKS - 1 : 1;
        PlanResult low = decodeLow(batch, multimask);
        return low.and(
                () -> sam.upscalers().lease(new Prompting.Upscale(Prompting.Masks.DECODED, batch.size(), masks, height, width)),
                u -> {
                    u.bindInput("low_res_masks", low.get("low_res_masks"));
                    u.run();
                    FiniteCheck.require(u, PictureInput.names(1));
                });
    }

    /**
     * Masks that answer prompts, left on the device: {@code logits} F32 and {@code masks} U8 (B · M, 1, H, W) of the image's
     * size, {@code low_res_masks} F32 (B, M, S/4, S/4), {@code iou_predictions} (B, M) and, of SAM 2, {@code
     * object_score_logits} (B, 1).
     * B is the number of prompts rounded up to a power of two, what is added repeats the last one; M is 1, or 3 for what
     * each could mean, in the network's order.
     *
     * @param prompts 1 to {@link #MOST_AT_ONCE}, either all with a mask to refine or none
     * @return to be closed by the caller
     * @throws dev.kerf.error.BadInputException if the prompts can't be answered at once, or one isn't in the image
     */
    public DeviceResult predictOnDevice(List<Prompt> prompts, boolean multimask) {
        prompts.forEach(p -> p.check(width, height, sam.config().maskSize()));
        if (prompts.isEmpty() || prompts.size() > MOST_AT_ONCE
                || prompts.stream().map(p -> p.mask() != null).distinct().count() > 1) {
            throw new BadInputException(prompts.size() + " prompts: 1 to " + MOST_AT_ONCE
                    + " are answered at once, all with a mask or none");
        }
        DeviceResult found = decode(PromptBatch.of(prompts, prompts.getFirst().mask() != null, sam.config()), multimask);
        boolean done = false;
        try {
            for (String name : sam.config().second()
                    ? List.of("iou_predictions", "object_score_logits")
                    : List.of("iou_predictions")) {
                HostTensor logits = found.get(name).toHost();
                for (long i = 0; i < logits.elements(); i++) {
                    FiniteCheck.require("the image", logits.getDouble(i));
                }
            }
            done = true;
            return found;
        } finally {
            if (!done) {
                found.close();
            }
        }
    }

    /** Lets an executable read some of the features. */
    synchronized void bind(Executable e, String... names) {
        if (closed) {
            throw new ClosedException("the image view is closed");
        }
        for (String name : names) {
            e.bindInput(name, features.get(name));
        }
    }

    /** Where the encoder writes. */
    void fill(Executable encoder) {
        features.forEach(encoder::bindState);
    }

    /** A copy of a feature: {@code image_embeddings}, {@code high_res_features_0} …. */
    HostTensor feature(String name) {
        return features.get(name).toHost();
    }

    /** Frees the features. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            features.values().forEach(DeviceTensor.State::close);
        }
    }
}
