package dev.kerf.cli.raster;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.image.Spacing;
import dev.kerf.measure.ObjectRules;
import dev.kerf.model.onnx.OnnxOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * What {@code kerf segment} is asked for, where all images are rasters.
 *
 * @param inputs     each file and what its results are called, in order
 * @param weights    null for the network that comes with Kerf
 * @param device     that does the work
 * @param directory  where results go
 * @param formats    names of the files that are wanted, in small letters
 * @param tile       as {@link dev.kerf.model.unet.SegmentOptions} has it
 * @param scale      of which an overview is wanted
 * @param precision  how numbers are stored and multiplied
 * @param onnx       how an ONNX model is given planes and what its result means
 * @param onnxNames  names of so many classes of an ONNX model
 * @param classes    names of classes; null for the network's
 * @param background the class without outlines and colour by the names of all, -1 for none
 * @param measured   null if nothing is measured
 * @param record     opens the record of rasters that are done, of a network of that name on a device
 * @param quiet      whether nothing is said but errors
 * @param json       whether a document is wanted
 */
public record RasterRequest(Map<Path, String> inputs, Path weights, DeviceOptions device, Path directory, Set<String> formats,
        int tile,
        double scale, Precision precision, Function<OnnxModel, OnnxOptions> onnx,
        BiFunction<OnnxModel, Integer, List<String>> onnxNames,
        List<String> classes, ToIntFunction<List<String>> background, Measured measured,
        BiFunction<String, Device.Info, Done> record, boolean quiet, boolean json) {
    /** Which rasters are done. */
    public interface Done extends AutoCloseable {
        /** Whether a raster is, whose results are called so. */
        boolean is(Path file, String called);

        /**
         * Notes one whose files are in their places.
         *
         * @return what is to be said of it; empty if nothing
         * @throws dev.kerf.error.BadFileException if that can't be written
         */
        String add(Path file, String called, List<Path> outputs);

        /** All have been tried. */
        void complete();

        @Override
        void close();
    }

    /**
     * What is measured.
     *
     * @param file    of the table
     * @param rules   what an object is
     * @param spacing of pixels; null for what the rasters say
     */
    public record Measured(Path file, ObjectRules rules, Spacing spacing) {}
}
