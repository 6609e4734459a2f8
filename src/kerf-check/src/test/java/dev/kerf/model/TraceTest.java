package dev.kerf.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.metrics.Confusions;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a flight recording says of Kerf. */
class TraceTest {
    @TempDir
    private Path folder;

    private List<RecordedEvent> recorded(Runnable work) throws Exception {
        try (Recording recording = new Recording()) {
            List.of("Load", "Compile", "Run", "Transfer").forEach(e -> recording.enable("dev.kerf." + e).withoutThreshold());
            recording.start();
            work.run();
            recording.stop();
            Path file = folder.resolve("recording.jfr");
            recording.dump(file);
            return RecordingFile.readAllEvents(file);
        }
    }

    private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream().filter(e -> e.getEventType().getName().equals("dev.kerf." + name)).toList();
    }

    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void compilationsRunsAndCopies(String id) throws Exception {
        Image image = Image.blank(24, 16, PixelFormat.RGB8);
        List<RecordedEvent> events = recorded(() -> {
            try (Device device = Backends.open(id);
                    Weights weights = SmallUNets.milesial(3, 4, List.of(4, 8), false).build();
                    UNet net = UNet.load(device, weights);
                    Confusions confusions = new Confusions(device, 4, Confusions.NO_IGNORE);
                    DeviceResult result = net.segmentOnDevice(List.of(image), SegmentOptions.of())) {
                confusions.measure(result.get("labels"), result.get("labels"));
            }
        });
        List<RecordedEvent> compiled = named(events, "Compile");
        assertEquals(2, compiled.size());
        assertEquals(id, compiled.getFirst().getString("device"));
        assertTrue(compiled.getFirst().getInt("nodes") > 10 && compiled.getFirst().getLong("activations") > 24 * 16 * 4
                && compiled.getFirst().getLong("weights") > 0);
        List<RecordedEvent> runs = named(events, "Run");
        assertEquals(List.of("[labels, finite]", "[confusion]"), runs.stream().map(e -> e.getString("outputs")).toList());
        assertTrue(runs.stream().allMatch(e -> e.getBoolean("over") && e.getDuration().toNanos() > 0));
        // Labels went from the network to the metric without a copy: the image goes up, whether all is finite and sixteen counts
        // come down.
        List<RecordedEvent> copies = named(events, "Transfer");
        assertEquals(List.of(24L * 16 * 3, 4L, 4L * 4 * Long.BYTES), copies.stream().map(e -> e.getLong("bytes")).toList());
        assertEquals(List.of(true, false, false), copies.stream().map(e -> e.getBoolean("upload")).toList());
    }

    @Test
    void files() throws Exception {
        Path file = folder.resolve("two.safetensors");
        Safetensors.write(file, Map.of("a", HostTensor.zeros(DType.F32, Shape.of(3, 5)),
                "b", HostTensor.zeros(DType.U8, Shape.of(7))), Map.of());
        List<RecordedEvent> loads = named(recorded(() -> Weights.open(file).close()), "Load");
        assertEquals(1, loads.size());
        assertEquals(2, loads.getFirst().getInt("tensors"));
        assertEquals(67, loads.getFirst().getLong("bytes"));
        assertTrue(loads.getFirst().getString("source").contains("two.safetensors"));
    }
}
