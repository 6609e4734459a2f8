package dev.kerf.cli;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.PointwiseOp.Clamp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.onnx.OnnxExport;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.Map;

/** Pictures of a red disc with a soft edge on green, and a network whose matte is how red a pixel is. */
final class Discs {
    private Discs() {}

    /** 1 inside, 0 outside, in between along a fifth of the shorter side. */
    static double share(int x, int y, int width, int height) {
        double side = Math.min(width, height);
        return Math.clamp(2.1 - 5 * Math.hypot(x + 0.5 - width / 2.0, y + 0.5 - height / 2.0) / side, 0, 1);
    }

    /** A disc in the middle; a third channel of blue, the same everywhere. */
    static Image picture(int width, int height, PixelFormat format) {
        Image out = Image.blank(width, height, format);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double a = share(x, y, width, height);
                double[] rgb = {a, 1 - a, 0.2};
                for (int c = 0; c < 3; c++) {
                    out.setSample(x, y, c, (int) Math.round(rgb[c] * format.max()));
                }
                if (format.hasAlpha()) {
                    out.setSample(x, y, 3, format.max());
                }
            }
        }
        return out;
    }

    /** Takes samples as ImageNet's mean and deviation normalise them; writes net.onnx for pictures of a size. */
    static Path network(Path file, int width, int height) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("image", TensorType.f32(1, 3, height, width));
        Value y = g.conv2d(x, g.weight("w", Shape.of(1, 3, 1, 1)), g.weight("b", Shape.of(1)), Window2d.of());
        g.output("matte", g.apply(new Clamp(0, 1), y));
        OnnxExport.write(g.build(), Weights.of(Map.of("w", HostTensor.of(Shape.of(1, 3, 1, 1), new float[] {0.229f, 0, 0}), "b",
                HostTensor.of(Shape.of(1), new float[] {0.485f}))), file);
        return file;
    }
}
