package dev.kerf.model.matting;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.MaxPool2d;
import java.util.List;

/**
 * What pictures a network was trained with.
 *
 * @param label the architecture
 * @param side  of the square that pictures are resized to
 * @param mean  of samples in 0 … 1, for red, green and blue
 * @param std   likewise
 */
record Trained(String label, int side, List<Double> mean, List<Double> std) {
    private static final List<Double> IMAGENET_MEAN = List.of(0.485, 0.456, 0.406);
    private static final List<Double> IMAGENET_STD = List.of(0.229, 0.224, 0.225);
    /** The widest dilation of U²-Net's and IS-Net's last blocks. */
    private static final int WIDEST = 8;

    /** As upstream's test code has it. */
    static final Trained U2NET = new Trained("U²-Net", 320, IMAGENET_MEAN, IMAGENET_STD);
    /** As upstream's inference code has it. */
    static final Trained ISNET = new Trained("IS-Net", 1024, List.of(0.5, 0.5, 0.5), List.of(1.0, 1.0, 1.0));
    /** Of a network that isn't known, the likeliest. */
    static final Trained OTHER = new Trained("network", 512, IMAGENET_MEAN, IMAGENET_STD);

    /**
     * Tells by its ops: both known ones pool with a ceiling and have convolutions dilated by 8; IS-Net alone begins with one of
     * stride 2 which another follows at once.
     */
    static Trained of(Graph graph) {
        boolean nested = graph.nodes().stream()
                .anyMatch(
                        n -> n.op() instanceof Conv2d c && c.window().dilationH() == WIDEST && c.window().dilationW() == WIDEST)
                && graph.nodes().stream().anyMatch(n -> n.op() instanceof MaxPool2d);
        return !nested ? OTHER : halvesFirst(graph) ? ISNET : U2NET;
    }

    private static boolean halvesFirst(Graph graph) {
        Node first = graph.nodes().stream().filter(n -> n.op() instanceof Conv2d).findFirst().orElseThrow();
        Value y = first.output();
        List<Node> next = graph.consumers(y);
        return first.op() instanceof Conv2d c && c.window().strideH() == 2
                && next.stream().anyMatch(n -> n.op() instanceof Conv2d && n.input(0).equals(y));
    }
}
