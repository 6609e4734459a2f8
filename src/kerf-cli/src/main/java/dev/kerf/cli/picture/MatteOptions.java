package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.option.ModelCommands;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.cli.option.WeightsPath;
import dev.kerf.error.KerfException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.mask.Cutout;
import dev.kerf.image.Image;
import dev.kerf.model.matting.Matting;
import dev.kerf.model.matting.MattingOptions;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** The network that tells foreground from background, and how it is given pictures. */
final class MatteOptions {
    @Option(names = "--weights", required = true, paramLabel = "FILE|NAME", converter = WeightsPath.class, description = "U2-Net, U2-Netp or IS-Net: the official .pth file, safetensors made from it; any network of an ONNX"
            + " model whose result is a matte; or the name of fetched weights, such as isnet-general-use.")
    Path weights;

    @Option(names = "--input-size", paramLabel = "HxW", converter = PictureSize.Converter.class, description = "What images are resized to for the network; by default what it was trained with.")
    private PictureSize size;

    @Option(names = "--input-scale", paramLabel = "F", converter = NetworkOptions.Factor.class, description = "What samples of 0 ... 255 are multiplied by; by default 1/255.")
    private Double scale;

    @Option(names = "--mean", split = ",", paramLabel = "M", converter = NetworkOptions.Mean.class, description = "Taken off each channel then; one number or one a channel. By default, with --std, what the"
            + " model says, or what U2-Net or IS-Net takes.")
    private List<Double> mean = List.of();

    @Option(names = "--std", split = ",", paramLabel = "S", converter = NetworkOptions.Deviation.class, description = "What each channel is divided by then.")
    private List<Double> std = List.of();

    @Option(names = "--bgr", description = "The network takes blue, green, red.")
    private boolean bgr;

    @Option(names = "--output", paramLabel = "NAME", defaultValue = "", description = "The output of an ONNX model that is the matte; by default the first.")
    private String output;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "f32", converter = PrecisionConverter.class, description = "How numbers are stored and multiplied: f32, tf32x3, tf32, f16 or bf16, if the device has it.")
    private Precision precision;

    @Option(names = "--clean", negatable = true, defaultValue = "true", fallbackValue = "true", description = "Takes the old background's colours out of soft edges; on by default.")
    private boolean clean;

    /**
     * A network on a device and the file that it is of.
     *
     * @param file    what is closed after it
     * @param matting the network
     */
    record Loaded(AutoCloseable file, Matting matting) implements AutoCloseable {
        @Override
        public void close() {
            matting.close();
            MatteOptions.close(file);
        }
    }

    Loaded load(Device device) {
        AutoCloseable file = OnnxModel.looksLike(weights) ? OnnxModel.open(weights) : ModelCommands.open(weights, Matting.KIND);
        try {
            return new Loaded(file, file instanceof OnnxModel model
                    ? Matting.load(device, model, options())
                    : Matting.load(device, (Weights) file, options()));
        } catch (KerfException e) {
            close(file);
            throw e;
        }
    }

    private static void close(AutoCloseable file) {
        switch (file) {
            case OnnxModel m -> m.close();
            default -> ((Weights) file).close();
        }
    }

    private MattingOptions options() {
        MattingOptions out = MattingOptions.of().precision(precision).scale(scale == null ? 1 / 255.0 : scale).mean(mean)
                .std(std).blueFirst(bgr).output(output);
        return size == null ? out : out.size(size.height(), size.width());
    }

    Cutout cut(Image image, HostTensor matte) {
        return clean ? Cutout.of(image, matte) : Cutout.uncleaned(image, matte);
    }

    /** Share of a picture that is foreground. */
    static double share(HostTensor matte) {
        double sum = 0;
        for (long i = 0; i < matte.elements(); i++) {
            sum += matte.getDouble(i);
        }
        return sum / matte.elements();
    }
}
