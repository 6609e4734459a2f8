package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.backend.gpu.device.GpuCompilation;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.TensorType;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is chosen at compile time goes to the system's logger. */
class ChoiceLogTest {
    private static List<String> logged(Class<?> by, Runnable during) {
        List<String> lines = new CopyOnWriteArrayList<>();
        SimpleFormatter formatter = new SimpleFormatter();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord record) {
                lines.add(formatter.formatMessage(record));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(by.getName());
        Level before = logger.getLevel();
        logger.setLevel(Level.FINE);
        handler.setLevel(Level.FINE);
        logger.addHandler(handler);
        try {
            during.run();
        } finally {
            logger.removeHandler(handler);
            logger.setLevel(before);
        }
        return lines;
    }

    @Test
    void theDevice() {
        List<String> lines = logged(Backends.class, () -> Backends.open("cpu").close());
        assertEquals(1, lines.size(), lines.toString());
        assertTrue(lines.getFirst().startsWith("cpu:0: "), lines.toString());
    }

    /** One line for each kernel's code, by the name of its variant, however many nodes use it; the CPU has none. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void theKernels(String id) {
        try (Device device = Backends.open(id)) {
            GraphBuilder g = new GraphBuilder();
            Value x = g.input("x", TensorType.f32(2, 8));
            PointwiseOp tanh = new PointwiseOp.Unary(PointwiseOp.Function.TANH);
            g.output("y", g.apply(tanh, g.apply(tanh, x)));
            List<String> lines = logged(GpuCompilation.class, () -> {
                try (Executable e = device.compile(g.build(), null, CompileOptions.of())) {
                    e.run();
                }
            });
            assertEquals(device instanceof GpuDevice ? 1 : 0, lines.size(), lines.toString());
            assertTrue(lines.stream().allMatch(l -> l.startsWith(id + ": ") && l.contains("kernel unary with {")),
                    lines.toString());
        }
    }
}
