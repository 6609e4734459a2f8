package dev.kerf.cli.evaluate;

import dev.kerf.cli.volume.VolumeLabels;
import dev.kerf.error.BadInputException;
import dev.kerf.image.ImageInfo.FileType;
import dev.kerf.mask.LabelMap;
import dev.kerf.medical.Grid;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A label for each pixel, from a picture, an array of labels, an array of logits or a volume.
 *
 * @param file   where it was read
 * @param labels one for each pixel; of a volume, slices one below the other
 * @param grid   of a volume; null for others
 */
record LabelFile(Path file, LabelMap labels, Grid grid) {
    /** Endings of what can be read. */
    static final List<String> ENDINGS = Stream.concat(Stream.of("npy", "npz", "safetensors"),
            Stream.of(FileType.values()).filter(type -> !type.lossy()).flatMap(type -> type.endings().stream()))
            .sorted().toList();

    /** White as masks of one byte a pixel have it. */
    private static final int WHITE = 255;

    /**
     * Reads a file.
     *
     * @param threshold what grey values and the logits of a single class must pass to be class 1, the others being
     *                  class 0; null for labels as they are and for logits above 0
     */
    static LabelFile read(Path file, Double threshold) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (VolumeLabels.isVolume(file)) {
            VolumeLabels volume = VolumeLabels.read(file, threshold);
            return new LabelFile(file, volume.labels(), volume.grid());
        }
        if (HostTensor.isNpy(file)) {
            return new LabelFile(file, labels(file, HostTensor.readNpy(file), threshold), null);
        }
        if (name.endsWith(".safetensors")) {
            try (Weights source = Weights.open(file)) {
                return new LabelFile(file, labels(file, source.tensor(tensorName(file, source)), threshold), null);
            }
        }
        LabelMap map = LabelMap.read(file);
        return new LabelFile(file, threshold == null ? map : above(map, threshold), null);
    }

    /** Whether a name ends like a picture's. */
    static boolean isPicture(Path file) {
        String name = file.getFileName().toString();
        return FileType.knows(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    }

    private static String tensorName(Path file, Weights source) {
        Set<String> names = new TreeSet<>(source.names());
        String wanted = names.contains("labels")
                ? "labels"
                : names.contains("logits") || names.size() != 1
                        ? "logits"
                        : names.iterator().next();
        if (!names.contains(wanted)) {
            throw new BadInputException(
                    file + ": has no tensor named labels or logits, but " + names.size() + " others");
        }
        return wanted;
    }

    private static LabelMap labels(Path file, HostTensor tensor, Double threshold) {
        HostTensor t = tensor;
        while (t.shape().rank() > 2 && t.shape().dim(0) == 1) {
            long[] dims = t.shape().dims();
            t = t.reshape(Shape.of(java.util.Arrays.copyOfRange(dims, 1, dims.length)));
        }
        boolean logits = t.dtype().floating();
        if (t.elements() == 0 || t.shape().rank() != 2 && !(logits && t.shape().rank() == 3)) {
            throw new BadInputException(file + ": " + tensor + " is neither labels, integers (height, width), nor "
                    + "logits, floats (classes, height, width) or (height, width)");
        }
        int height = t.shape().size(-2);
        int width = t.shape().size(-1);
        int[] out = new int[Math.multiplyExact(height, width)];
        if (!logits) {
            integers(file, t, out);
            LabelMap map = LabelMap.of(width, height, out);
            return threshold == null ? map : above(map, threshold);
        }
        float[] values = t.toFloatArray();
        if (t.shape().rank() == 2) {
            for (int i = 0; i < out.length; i++) {
                out[i] = values[i] > (threshold == null ? 0 : threshold) ? 1 : 0;
            }
        } else {
            largest(values, out);
        }
        return LabelMap.of(width, height, out);
    }

    private static void integers(Path file, HostTensor t, int[] out) {
        for (int i = 0; i < out.length; i++) {
            long v = t.getLong(i);
            if (v < 0 || v > Integer.MAX_VALUE) {
                throw new BadInputException(file + ": label " + v + "; labels are 0 and more, below 2^31");
            }
            out[i] = (int) v;
        }
    }

    /** The class of the largest logit, the first of equals; NaN is larger than any number, as in the network's op. */
    private static void largest(float[] logits, int[] out) {
        float[] best = java.util.Arrays.copyOf(logits, out.length);
        for (int at = out.length; at < logits.length; at++) {
            int pixel = at % out.length;
            float v = logits[at];
            if (v > best[pixel] || Float.isNaN(v) && !Float.isNaN(best[pixel])) {
                best[pixel] = v;
                out[pixel] = at / out.length;
            }
        }
    }

    private static LabelMap above(LabelMap map, double threshold) {
        int[] labels = map.toArray();
        for (int i = 0; i < labels.length; i++) {
            labels[i] = labels[i] > threshold ? 1 : 0;
        }
        return LabelMap.of(map.width(), map.height(), labels);
    }

    /** The labels that occur. */
    NavigableSet<Integer> occurring() {
        NavigableSet<Integer> out = new TreeSet<>();
        int last = -1;
        for (int v : labels.toArray()) {
            if (v != last) {
                out.add(v);
                last = v;
            }
        }
        return out;
    }

    /** Whether this is black and white only, as a mask of one byte a pixel is. */
    boolean blackAndWhite() {
        NavigableSet<Integer> all = occurring();
        return all.contains(WHITE) && Set.of(0, WHITE).containsAll(all);
    }

    /** With 255 read as class 1 if this is black and white; as it is otherwise. */
    LabelFile whiteAsOne() {
        return blackAndWhite() ? mapped(Map.of(WHITE, 1)) : this;
    }

    /** With labels replaced; those without an entry stay. */
    LabelFile mapped(Map<Integer, Integer> replacements) {
        if (replacements.isEmpty()) {
            return this;
        }
        int[] all = labels.toArray();
        for (int i = 0; i < all.length; i++) {
            all[i] = replacements.getOrDefault(all[i], all[i]);
        }
        return new LabelFile(file, LabelMap.of(labels.width(), labels.height(), all), grid);
    }

    /** Smallest integers that hold the labels, so that less is copied to the device. */
    LabelMap compact() {
        if (labels.tensor().dtype() == DType.U8 || labels.max() > 255) {
            return labels;
        }
        int[] all = labels.toArray();
        byte[] bytes = new byte[all.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) all[i];
        }
        return LabelMap.of(labels.width(), labels.height(), bytes);
    }
}
