package dev.kerf.model.sam2;

import dev.kerf.backend.Executable;
import dev.kerf.model.sam2.network.PromptEncoder;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * Prompts in the decoder's terms. Room for points and prompts is rounded up to a power of two, so that few shapes are
 * compiled; what isn't used is labelled as absent, or repeats the last prompt.
 */
record PromptBatch(List<Prompt> prompts, boolean mask, int size, int room) {
    private static final float MOST = 32;

    static PromptBatch of(List<Prompt> prompts, boolean mask) {
        int points = prompts.stream().mapToInt(Prompt::tokens).max().orElseThrow();
        return new PromptBatch(prompts, mask, roundUp(prompts.size()), roundUp(Math.max(2, points)));
    }

    private static int roundUp(int n) {
        return n <= 1 ? 1 : Integer.highestOneBit(n - 1) << 1;
    }

    void upload(Executable e, int width, int height, Sam2Config config) {
        float[] points = new float[size * room * 2];
        int[] labels = new int[size * room];
        Arrays.fill(labels, PromptEncoder.ABSENT);
        for (int i = 0; i < size; i++) {
            Prompt p = prompts.get(Math.min(i, prompts.size() - 1));
            int at = i * room;
            if (p.box() != null) {
                put(points, labels, at++, p.box().left() / width, p.box().top() / height, PromptEncoder.CORNER, config);
                put(points, labels, at++, p.box().right() / width, p.box().bottom() / height, PromptEncoder.CORNER + 1,
                        config);
            }
            for (Prompt.Point q : p.points()) {
                put(points, labels, at++, q.x() / width, q.y() / height,
                        q.foreground() ? PromptEncoder.FOREGROUND : PromptEncoder.BACKGROUND, config);
            }
            labels[at] = PromptEncoder.PADDING;
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

    /** Upstream counts from the middle of a pixel of the network's input. */
    private static void put(float[] points, int[] labels, int at, double x, double y, int label, Sam2Config config) {
        points[2 * at] = (float) (x + 0.5 / config.imageSize());
        points[2 * at + 1] = (float) (y + 0.5 / config.imageSize());
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
