package dev.kerf.model.sam2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames of videos as Pillow 12.3 resizes them: {@code Image.resize((64, 64))} of the same drawn pictures. */
class FrameResizeTest {
    private static final double[] MEAN = {0.485, 0.456, 0.406};
    private static final double[] STD = {0.229, 0.224, 0.225};

    private static Image drawn(int w, int h) {
        Image image = Image.blank(w, h, PixelFormat.RGB8);
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                image.setSample(x, y, 0, (x / 9 + y / 7) % 2 == 1 ? (x * 7919 + y * 104729) % 256 : 255 - x % 256);
                image.setSample(x, y, 1, (x * x + 3 * y) % 256);
                image.setSample(x, y, 2, (x + y) % 11 < 5 ? 255 : 0);
            }
        }
        return image;
    }

    @ParameterizedTest
    @CsvSource({"200,150", "37,64"})
    void framesAreResizedAsPillowDoes(int w, int h) {
        Image expected = Image
                .read(Path.of("src/kerf-check/src/test/resources/reference/pillow-" + w + "x" + h + "-to-64.png"));
        List<DeviceTensor.State> states = new ArrayList<>();
        try (Weights weights = GoldenCase.open(Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick")).weights();
                Device cpu = Backends.open("cpu");
                DeviceWeights loaded = cpu.load(weights)) {
            Graph graph = Sam2Graphs.look(Sam2Config.of(weights).withImageSize(64),
                    new Picture.Form(w, h, PixelFormat.RGB8), true);
            try (Executable e = cpu.compile(graph, loaded, CompileOptions.of().keep("input"))) {
                graph.states().forEach((name, v) -> {
                    states.add(cpu.allocateState(v.type()));
                    e.bindState(name, states.getLast());
                });
                e.input("image").upload(drawn(w, h).toTensor().data());
                e.run();
                HostTensor input = e.output("input").toHost();
                int off = 0;
                for (int i = 0; i < 3 * 64 * 64; i++) {
                    int c = i / (64 * 64);
                    double level = (input.getDouble(i) * STD[c] + MEAN[c]) * 255;
                    int theirs = expected.sample(i % 64, i / 64 % 64, c);
                    // Pillow's weights have 22 bits: what lies between two levels may go to the other one.
                    assertTrue(Math.abs(level - theirs) < 1.01, "sample " + i + ": " + level + ", not " + theirs);
                    off += Math.abs(level - theirs) > 0.01 ? 1 : 0;
                }
                assertTrue(off <= 3 * 64 * 64 / 500, off + " samples are one level off");
            }
            states.forEach(DeviceTensor.State::close);
        }
    }
}
