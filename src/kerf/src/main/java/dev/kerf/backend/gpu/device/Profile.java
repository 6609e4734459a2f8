package dev.kerf.backend.gpu.device;

import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.graph.Graph.Node;
import java.util.ArrayList;
import java.util.List;

/**
 * How long the launches of a run took.
 *
 * @param steps  the launches in order
 * @param timers one for each
 */
record Profile(List<Step> steps, List<Driver.Timer> timers) {
    /** Puts the launches into a queue, each with its timer. */
    void launch(Driver.Queue queue) {
        for (int i = 0; i < timers.size(); i++) {
            queue.launch(steps.get(i).launch(), timers.get(i));
        }
    }

    /** The times of the last run, which has ended: those of a node's launches together. */
    List<NodeTiming> timings() {
        List<NodeTiming> timings = new ArrayList<>();
        for (int i = 0; i < timers.size(); i++) {
            Step step = steps.get(i);
            Node n = step.node();
            NodeTiming own = new NodeTiming(n.id(), n.name(), step.kernel(), timers.get(i).nanos(), step.flops(), step.bytes());
            NodeTiming last = timings.isEmpty() ? null : timings.getLast();
            if (last != null && last.node() == n.id()) {
                timings.removeLast();
                own = both(last, own);
            }
            timings.add(own);
        }
        return timings;
    }

    private static NodeTiming both(NodeTiming a, NodeTiming b) {
        return new NodeTiming(a.node(), a.name(), a.what().equals(b.what()) ? a.what() : a.what() + " + " + b.what(),
                a.nanos() + b.nanos(), a.flops() + b.flops(), a.bytes() + b.bytes());
    }
}
