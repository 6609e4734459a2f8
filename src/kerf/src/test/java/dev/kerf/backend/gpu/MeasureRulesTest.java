package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** How masks too large for any test's memory would be counted. */
class MeasureRulesTest {
    private static final Driver.Facts FACTS = new Driver.Facts(
            new Device.Info("test", 0, Device.Info.Kind.GPU, "GPU", "Acme", "1", 1L << 40, 1L << 40, 100,
                    List.of(Precision.FLOAT32)),
            "", 64, 128, 1 << 15, false);

    private static KernelCall counting(Op op, TensorType type, String kernel) {
        GraphBuilder g = new GraphBuilder();
        Value a = g.input("a", type);
        g.output("y", g.apply(op, a, g.input("b", type)));
        Graph graph = g.build();
        Node node = graph.producer(graph.outputs().get("y"));
        Target target = new Target(FACTS, graph, Precision.FLOAT32, TunedParameters.of(FACTS, Path.of("nowhere")),
                Target.Forced.NONE);
        return Lowering.lower(node, target).stream()
                .filter(c -> c.kernel().name().equals(kernel))
                .findFirst().orElseThrow();
    }

    private static long size(KernelCall call, String name) {
        return call.extents(List.of(Expression.parse(name)))[0];
    }

    @Test
    void sumsOfAPartFitThirtyTwoBits() {
        for (long pixels : LongStream.of(1, 31, 1 << 20, (1L << 31) - 1, 1L << 31, (1L << 33) + 12_345).toArray()) {
            TensorType bits = TensorType.of(DType.U8, 1, Math.ceilDiv(pixels, 8L));
            MaskForm form = new MaskForm.Bits();
            KernelCall o = counting(new MeasureOp.Overlap(form, form, pixels, false), bits, "overlap");
            assertEquals(Math.ceilDiv(pixels, 32L), size(o, "words"));
            assertTrue(size(o, "chunk") * 32 <= Integer.MAX_VALUE, "a part of " + size(o, "chunk") + " words");
            assertTrue(size(o, "chunk") * size(o, "parts") >= size(o, "words"), "all words are counted");

            TensorType labels = TensorType.of(DType.U8, 1, pixels);
            KernelCall c = counting(new MeasureOp.Confusion(2, -1), labels, "confusion");
            assertTrue(size(c, "chunk") <= Integer.MAX_VALUE, "a part of " + size(c, "chunk") + " pixels");
            assertTrue(size(c, "chunk") * size(c, "parts") >= pixels, "all pixels are counted");
        }
    }

    @Test
    void partsOfManyClassesDoNotOutgrowMemory() {
        TensorType labels = TensorType.of(DType.I32, 4, 1 << 24);
        KernelCall c = counting(new MeasureOp.Confusion(1000, -1), labels, "confusion");
        assertEquals(4, size(c, "parts"));
        assertEquals(4 * 4 * 4_000_000L, c.scratchBytes());
    }
}
