package dev.kerf.model.nn;

import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceTensor.HostView;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Nv12;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * How pictures get into a graph: their bytes as they are, turned into planes on the device.
 *
 * <pre>{@code
 * Value image = g.input("image", PictureInput.type(form, 1));                 // U8 (1, H, W, 3), say
 * Value x = PictureInput.planes(g, image, form, 3, false);                    // (1, 3, H, W) in 0 … 1
 * …
 * PictureInput.upload(executable.input("image"), List.of(picture));
 * }</pre>
 */
public final class PictureInput {
    /** ITU-R BT.601's shares of red, green and blue in luma. */
    private static final float[] LUMA = {0.299f, 0.587f, 0.114f};

    private PictureInput() {}

    /** What {@code count} pictures of a form are as a graph's input: (count, H, W, C), or (count, H · 3 / 2, W) for NV12. */
    public static TensorType type(Picture.Form form, int count) {
        return switch (form.layout()) {
            case PixelFormat f -> TensorType.of(f.bits() == 8 ? DType.U8 : DType.U16, count, form.height(), form.width(),
                    f.channels());
            case Nv12.Matrix _ -> TensorType.of(DType.U8, count, form.height() / 2 * 3, form.width());
        };
    }

    /**
     * Planes in 0 … 1 of pictures: (N, count, H, W). Grey fills all planes, colour is mixed to luma for a single one, alpha is
     * dropped where there is none to take it.
     *
     * @param image     of {@link #type}
     * @param count     planes wanted: 1, 3, or as many as the pictures have channels
     * @param blueFirst whether three planes are wanted in the order blue, green, red
     * @throws BadInputException if the pictures have no such channels
     */
    public static Value planes(GraphBuilder g, Value image, Picture.Form form, int count, boolean blueFirst) {
        return switch (form.layout()) {
            case PixelFormat f -> g.apply(new FrameOp.FromPixels(samples(f, count, blueFirst), count == 1 && !f.isGrey()),
                    image);
            case Nv12.Matrix m -> videoPlanes(g, g.apply(new FrameOp.FromNv12(m), image), count, blueFirst);
        };
    }

    private static List<Integer> samples(PixelFormat f, int count, boolean blueFirst) {
        if (count == 1 || count == 3) {
            if (f.isGrey()) {
                return IntStream.range(0, count).mapToObj(_ -> 0).toList();
            }
            return f.isBlueFirst() == (blueFirst && count == 3) ? List.of(0, 1, 2) : List.of(2, 1, 0);
        }
        if (count != f.channels()) {
            throw refused(count, f.channels() + "");
        }
        return IntStream.range(0, count).boxed().toList();
    }

    private static Value videoPlanes(GraphBuilder g, Value rgb, int count, boolean blueFirst) {
        if (count == 1) {
            Value shares = g.constant(HostTensor.of(Shape.of(1, 3, 1, 1), LUMA));
            return g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(1), true), g.multiply(rgb, shares));
        }
        if (count != 3) {
            throw refused(count, "3");
        }
        return blueFirst ? g.concat(1, g.slice(rgb, 1, 2, 3), g.slice(rgb, 1, 1, 2), g.slice(rgb, 1, 0, 1)) : rgb;
    }

    private static BadInputException refused(int wanted, String given) {
        return new BadInputException("the network takes " + wanted + " channels, the image has " + given
                + ": give an image with " + wanted + " channels, or a tensor (" + wanted + ", height, width)");
    }

    /** Copies pictures of one form to an input of {@link #type}. */
    public static void upload(DeviceTensor input, List<? extends Picture> pictures) {
        if (pictures.size() != 1) {
            requireOneForm(pictures);
        }
        Picture first = pictures.getFirst();
        TensorType one = type(first.form(), 1);
        if (pictures.size() == 1) {
            input.upload(view(first, one));
            return;
        }
        MemorySegment all = HostTensor.zeros(one.dtype(), type(first.form(), pictures.size()).shape()).data();
        long row = one.bytes() / one.shape().dim(1);
        for (int i = 0; i < pictures.size(); i++) {
            Picture p = pictures.get(i);
            for (long y = 0; y < one.shape().dim(1); y++) {
                MemorySegment.copy(p.data(), y * p.rowStride(), all, i * one.bytes() + y * row, row);
            }
        }
        input.upload(all);
    }

    /**
     * Refuses pictures that can't be one input.
     *
     * @throws BadInputException unless there is at least one, and all have one form
     */
    public static void requireOneForm(List<? extends Picture> pictures) {
        if (pictures.stream().map(Picture::form).distinct().count() != 1) {
            throw new BadInputException("pictures of one form, at least one, are taken together; these have the forms "
                    + pictures.stream().map(Picture::form).distinct().toList());
        }
    }

    /** What to call so many images in a message. */
    public static List<String> names(int count) {
        return count == 1
                ? List.of("the image")
                : IntStream.rangeClosed(1, count).mapToObj(i -> "image " + i + " of " + count).toList();
    }

    private static HostView view(Picture picture, TensorType type) {
        long rows = type.shape().dim(1);
        long[] strides = new long[type.shape().rank()];
        Arrays.setAll(strides, axis -> type.shape().product(axis + 1, strides.length) * type.dtype().bytes());
        strides[0] = picture.rowStride() * rows;
        strides[1] = picture.rowStride();
        return HostView.of(picture.data(), type.dtype(), type.shape(), strides);
    }

    /**
     * Computes pictures together whose plans are the same.
     *
     * @param key  equal for those
     * @param most how many at most are computed at once
     * @param run  the results of pictures of one key, given these and what to call them
     * @return the results in the order of the pictures
     */
    public static <K, R> List<R> together(List<? extends Picture> pictures, Function<Picture, K> key, int most,
            BiFunction<List<Picture>, List<String>, List<R>> run) {
        List<String> names = names(pictures.size());
        Map<K, List<Integer>> groups = new LinkedHashMap<>();
        for (int i = 0; i < pictures.size(); i++) {
            groups.computeIfAbsent(key.apply(pictures.get(i)), _ -> new ArrayList<>()).add(i);
        }
        Map<Integer, R> found = new LinkedHashMap<>();
        groups.values().forEach(group -> {
            for (int from = 0; from < group.size(); from += most) {
                List<Integer> some = group.subList(from, Math.min(group.size(), from + most));
                List<R> results = run.apply(some.stream().<Picture>map(pictures::get).toList(),
                        some.stream().map(names::get).toList());
                for (int i = 0; i < some.size(); i++) {
                    found.put(some.get(i), results.get(i));
                }
            }
        });
        return IntStream.range(0, pictures.size()).mapToObj(found::get).toList();
    }

    /** Planes of another size, pixel centres at halves; themselves if they have it already. */
    public static Value resized(
            GraphBuilder g, Value x, int height, int width, Interpolation interpolation, boolean antialias) {
        Shape s = x.type().shape();
        return s.dim(2) == height && s.dim(3) == width
                ? x
                : g.apply(new Resize(height, width, interpolation, Sampling.HALF_PIXEL, antialias, 0, 0), x);
    }

    /** (x − mean) / std with a number of each for every channel, in the unit of x. */
    public static Value standardised(GraphBuilder g, Value x, List<Double> mean, List<Double> std) {
        if (mean.isEmpty() || mean.size() != std.size()) {
            throw new BadInputException(mean.size() + " means and " + std.size() + " standard deviations");
        }
        HostTensor pairs = HostTensor.zeros(DType.F32, Shape.of(1, mean.size(), 2));
        for (int c = 0; c < mean.size(); c++) {
            pairs.setDouble(2L * c, mean.get(c));
            pairs.setDouble(2L * c + 1, std.get(c));
        }
        return g.apply(new FrameOp.Standardise(), x, g.constant(pairs));
    }
}
