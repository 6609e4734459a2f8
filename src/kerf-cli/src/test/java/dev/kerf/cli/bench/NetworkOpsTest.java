package dev.kerf.cli.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Precision;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.cli.bench.report.GraphWork;
import dev.kerf.cli.option.ModelPart;
import dev.kerf.graph.Graph;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkOpsTest {
    /** Each op of the fused network stands for all of its shape, and none is lost. */
    @ParameterizedTest
    @ValueSource(strings = {"unet", "maskrcnn", "sam2-encoder", "sam2-decoder", "sam2-frame", "sam2-memory", "u2net"})
    void allOfANetwork(String name) {
        ModelPart part = ModelPart.of(name);
        Path goldens = Path.of("src/kerf-check/src/test/resources/goldens");
        String folder = name.equals("u2net") ? "u2netp-quick" : part.kind().name() + "-quick";
        try (Weights weights = GoldenCase.open(goldens.resolve(folder)).weights()) {
            Graph network = part.graph(weights, part.usual(), 1024);
            Map<String, NetworkOps.One> ops = NetworkOps.of(network);
            long nodes = Fusion.fuse(network, Set.of()).nodes().stream()
                    .filter(n -> !(n.op() instanceof SourceOp) && !(n.op() instanceof StateOp)).count();
            assertEquals(nodes, ops.values().stream().mapToInt(NetworkOps.One::count).sum());
            assertTrue(ops.size() > 5 && ops.size() <= nodes, ops.size() + " of " + nodes);
            ops.forEach((key, one) -> {
                assertEquals(one.node().outputs().getFirst().type().shape().elements(),
                        one.graph().outputs().get("y").type().shape().elements(), key);
                assertTrue(GraphWork.of(one.graph(), Precision.Storage.F32).bytes() > 0, key);
            });
        }
    }
}
