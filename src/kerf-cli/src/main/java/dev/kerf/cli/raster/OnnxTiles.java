package dev.kerf.cli.raster;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.geo.TileNetwork;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.model.onnx.OnnxNetwork;
import dev.kerf.model.onnx.OnnxNetwork.Result;
import dev.kerf.model.onnx.OnnxOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.IntFunction;

/** A network of an ONNX model over tiles of one size. How far its labels depend on their surroundings isn't known: tiles overlap. */
final class OnnxTiles implements TileNetwork, AutoCloseable {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int USUAL = 512;
    private static final int MULTIPLE = 32;

    private final OnnxModel.Slot input;
    private final boolean last;
    private final OnnxOptions options;
    private final OnnxNetwork net;
    private final int side;
    private final int overlap;
    private final boolean ownStatistics;
    private final List<String> names;

    /**
     * Loads a network and labels an empty tile, which shows what it gives.
     *
     * @param tile    side that is wanted; at most 0 for the model's or a usual one
     * @param overlap at each side; -1 for a usual one
     * @param classes names of so many classes
     * @throws BadInputException if it takes no tiles, or gives no labels
     */
    OnnxTiles(Device device, OnnxModel model, OnnxOptions options, int tile, int overlap, IntFunction<List<String>> classes) {
        this.options = options;
        net = OnnxNetwork.load(device, model, options);
        try {
            input = model.inputs().getFirst();
            if (input.extents().size() != 4) {
                throw new BadInputException(
                        "the model takes " + input + ", and rasters go through networks whose input says its axes");
            }
            last = OnnxNetwork.channelsLast(input);
            side = side(tile);
            this.overlap = overlap >= 0 ? overlap : side / 8;
            ownStatistics = options.mean().isEmpty() && options.std().isEmpty()
                    && "image".equals(model.metadata().get("kerf.input.normalise"));
            Result seen = result(HostTensor.zeros(DType.F32, Shape.of(channels(), side, side)));
            if (seen.labels() == null) {
                throw new BadInputException("the network finds instances, and over rasters labels alone are put together");
            }
            names = seen.matte() != null
                    ? List.of("background", "foreground")
                    : classes.apply(seen.classes() == 0 ? Math.max(2, seen.labels().max() + 1) : seen.classes());
        } catch (RuntimeException e) {
            net.close();
            throw e;
        }
    }

    private int side(int tile) {
        long height = input.extent(last ? 1 : 2);
        long width = input.extent(last ? 2 : 3);
        if (height > 0 && width > 0 && height != width || options.height() != options.width()) {
            throw new BadInputException(
                    "the model takes pictures of " + width + "x" + height + ", and rasters are cut into squares");
        }
        long fixed = Math.max(height, width);
        int wanted = tile > 0 ? Math.ceilDiv(tile, MULTIPLE) * MULTIPLE : options.height();
        if (fixed > 0 && wanted > 0 && wanted != fixed) {
            throw new BadInputException("tiles of " + wanted + " pixels, the model takes " + fixed);
        }
        return fixed > 0 ? (int) fixed : wanted > 0 ? wanted : USUAL;
    }

    @Override
    public int channels() {
        long said = input.extent(last ? 3 : 1);
        return said > 0 ? (int) said : 3;
    }

    @Override
    public List<String> classNames() {
        return names;
    }

    @Override
    public int multiple() {
        return 1;
    }

    @Override
    public int margin() {
        return overlap;
    }

    @Override
    public int side() {
        return side;
    }

    @Override
    public boolean standardises() {
        return ownStatistics;
    }

    @Override
    public Segmentation run(HostTensor planes, boolean logits) {
        return new Segmentation(result(planes).labels(), null, names, 1);
    }

    private Result result(HostTensor planes) {
        int channels = channels();
        float[] given = new float[channels * side * side];
        int pixels = side * side;
        for (int c = 0; c < channels; c++) {
            int from = options.blueFirst() && channels == 3 ? 2 - c : c;
            double mean = number(options.mean(), c, 0);
            double std = number(options.std(), c, 1);
            for (int i = 0; i < pixels; i++) {
                float v = planes.data().get(F32, 4L * (from * pixels + i));
                double x = input.dtype() == DType.F32
                        ? ownStatistics ? v : (v * 255 * options.scale() - mean) / std
                        : Math.rint(v * 255);
                given[last ? i * channels + c : c * pixels + i] = (float) x;
            }
        }
        Shape shape = last ? Shape.of(1, side, side, channels) : Shape.of(1, channels, side, side);
        return net.run(HostTensor.of(shape, given), false, true);
    }

    private static double number(List<Double> given, int c, double otherwise) {
        return given.isEmpty() ? otherwise : given.size() == 1 ? given.getFirst() : given.get(c);
    }

    @Override
    public void close() {
        net.close();
    }
}
