package dev.kerf.model.sam2;

import dev.kerf.backend.Executable;
import dev.kerf.model.sam2.network.PromptEncoder;
import dev.kerf.model.sam2.network.PromptConfig;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Prompts in the decoder's terms. Room for points and prompts is rounded up to a power of two, so that few shapes are
 * compiled; what isn't used is labelled as absent, or repeats the last prompt.
 */
record PromptBatch(List<Prompt> prompts, boolean mask, int size, int room, PromptConfig config) {
    private static final float MOST = 32;

    static PromptBatch of(List<Prompt> prompts, boolean mask, PromptConfig config) {
        int points = prompts.stream().mapToInt(p -> tokens(p, config)).max().orElseThrow();
        return new PromptBatch(prompts, mask, roundUp(prompts.size()), roundUp(Math.max(2, points)), config);
    }

    /** One prompt with no more room than it needs. */
    static PromptBatch exactly(Prompt prompt, PromptConfig config) {
        return new PromptBatch(List.of(prompt), prompt.mask() != null, 1, Math.max(1, tokens(prompt, config)), config);
    }

    /** Points that the network is given: the points, the box's corners, and the padding that ends the list. */
    private static int tokens(Prompt p, PromptConfig config) {
        return p.points().size() + (p.box() == null ? 0 : 2) + (isPadded(p, config) ? 1 : 0);
    }

    /** SAM, the first, is given padding only where there are points and no box. */
    private static boolean isPadded(Prompt p, PromptConfig config) {
        return config.second() || p.box() == null && !p.points().isEmpty();
    }

    private static int roundUp(int n) {
        return n <= 1 ? 1 : Integer.highestOneBit(n - 1) << 1;
    }

    void upload(Executable e, int width, int height) {
        float[] points = new float[size * room * 2];
        int[] labels = new int[size * room];
        Arrays.fill(labels, PromptEncoder.ABSENT);
        for (int i = 0; i < size; i++) {
            Prompt p = prompts.get(Math.min(i, prompts.size() - 1));
            int at = i * room;
            // The second takes a box before points, the first after them.
            if (config.second()) {
                at = corners(points, labels, at, p.box(), width, height);
            }
            for (Prompt.Point q : p.points()) {
                put(points, labels, at++, q.x(), q.y(), width, height,
                        q.foreground() ? PromptEncoder.FOREGROUND : PromptEncoder.BACKGROUND);
            }
            if (!config.second()) {
                at = corners(points, labels, at, p.box(), width, height);
            }
            if (isPadded(p, config)) {
                labels[at] = PromptEncoder.PADDING;
            }
        }
        e.input("points").upload(MemorySegment.ofArray(points));
        e.input("labels").upload(MemorySegment.ofArray(labels));
        if (mask) {
            long bytes = (long) config.maskSize() * config.maskSize() * Float.BYTES;
            MemorySegment all = MemorySegment.ofArray(new float[Math.toIntExact(size * bytes / Float.BYTES)]);
            for (int i = 0; i < size; i++) {
                MemorySegment one = prompts.get(Math.min(i, prompts.size() - 1)).mask().data();
                MemorySegment.copy(one, 0, all, i * bytes, bytes);
            }
            e.input("mask_input").upload(all);
        }
    }

    private int corners(float[] points, int[] labels, int at, Prompt.@Nullable Corners box, int width, int height) {
        if (box == null) {
            return at;
        }
        put(points, labels, at, box.left(), box.top(), width, height, PromptEncoder.CORNER);
        put(points, labels, at + 1, box.right(), box.bottom(), width, height, PromptEncoder.CORNER + 1);
        return at + 2;
    }

    /** Upstream counts from the middle of a pixel of the network's input. */
    private void put(float[] points, int[] labels, int at, double x, double y, int width, int height, int label) {
        double side = config.imageSize();
        points[2 * at] = (float) (x / width * (config.seen(width, height) / side) + 0.5 / side);
        points[2 * at + 1] = (float) (y / height * (config.seen(height, width) / side) + 0.5 / side);
        labels[at] = label;
    }

    /** Plane {@code i} of a tensor (…, H, W), copied. */
    static HostTensor plane(HostTensor t, int i) {
        Shape s = Shape.of(t.shape().dim(-2), t.shape().dim(-1));
        HostTensor out = HostTensor.zeros(t.dtype(), s);
        long bytes = s.elements() * t.dtype().bytes();
        MemorySegment.copy(t.data(), i * bytes, out.data(), 0, bytes);
        return out;
    }

    /** The same logits within what upstream feeds back as a prompt. */
    static HostTensor clamped(HostTensor t) {
        float[] v = t.toFloatArray();
        for (int i = 0; i < v.length; i++) {
            v[i] = Math.clamp(v[i], -MOST, MOST);
        }
        return HostTensor.of(t.shape(), v);
    }
}
