package dev.kerf.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.model.sam2.network.Sam2Config;
import dev.kerf.model.sam2.network.Sam2VideoGraphs;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Models say what their papers say, in that order; which ops become one kernel is found out afterwards. */
class FusedModelsTest {
    private static final Sam2Config SAM = new Sam2Config(
            Sam2Config.Size.TINY, Sam2Config.Version.V2_1, 256, true, true, 8);

    private static List<Node> kernels(Graph graph) {
        return graph.nodes().stream().filter(n -> !(n.op() instanceof SourceOp)).toList();
    }

    private static long residuals(Graph fused) {
        return fused.nodes().stream().filter(n -> n.op() instanceof SpatialOp.Conv2d c && c.residual()
                || n.op() instanceof MatrixOp.MatMul m && m.residual()).count();
    }

    private static void assertFused(int launches, int residuals, Graph recorded) {
        Graph fused = Fusion.fuse(recorded, Set.of());
        assertEquals(List.of((long) launches, (long) residuals), List.of((long) kernels(fused).size(), residuals(fused)));
    }

    /** Every addition of a residual block and of the pyramid goes into a convolution: 5 blocks, 3 levels. */
    @Test
    void maskRcnn() {
        assertFused(101, 8, detector(SmallRcnns.torchvision(5, false)));
        assertFused(111, 8, detector(SmallRcnns.second(5)));
        assertFused(105, 8, detector(SmallRcnns.panoptic(5, 7)));
    }

    private static Graph detector(Map<String, HostTensor> tensors) {
        try (Weights weights = SmallRcnns.weights(tensors)) {
            return MaskRcnn.graph(weights, 50, 75, DetectOptions.of());
        }
    }

    /** Both additions of each of Hiera's 12 blocks, four of the neck, one of the patches; the biases of stacked layers; the scales of the memory's blocks. */
    @Test
    void sam2() {
        assertFused(136, 29, Sam2Graphs.image(SAM, 48, 80));
        assertFused(123, 14, Sam2Graphs.decoder(SAM, new DecoderRequest(1, 2, true, false)));
        assertFused(246, 25, Sam2VideoGraphs.frame(SAM,
                new Sam2VideoGraphs.FrameRequest(new DecoderRequest(2, 2, false, true), 4, 2, 3)));
        assertFused(102, 13, Sam2VideoGraphs.given(SAM, 48, 80));
        assertFused(55, 1, Sam2VideoGraphs.remember(SAM, 1, 4, false));
        assertFused(66, 0, Sam2VideoGraphs.remember(SAM, 2, 4, false));
    }
}
