package dev.kerf.graph.onnx;

import dev.kerf.error.BadFileException;
import dev.kerf.weights.onnx.OnnxFile;
import dev.kerf.weights.onnx.OnnxNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Nodes in an order of execution, which files should have and some don't. */
final class OnnxOrder {
    private OnnxOrder() {}

    /**
     * The nodes, each after those that make what it takes; in the file's order otherwise.
     *
     * @throws BadFileException if a name is made twice, or nodes wait for one another in a circle
     */
    static List<OnnxNode> of(List<OnnxNode> nodes, String source) {
        Map<String, Integer> makers = new HashMap<>();
        for (int i = 0; i < nodes.size(); i++) {
            for (String o : nodes.get(i).outputs()) {
                if (!o.isEmpty() && makers.put(o, i) != null) {
                    throw new BadFileException(source + ": " + OnnxFile.quoted(o) + " is made by two nodes");
                }
            }
        }
        List<OnnxNode> out = new ArrayList<>(nodes.size());
        int[] state = new int[nodes.size()];
        Deque<int[]> path = new ArrayDeque<>();
        for (int start = 0; start < nodes.size(); start++) {
            enter(start, state, path);
            while (!path.isEmpty()) {
                int[] at = path.peek();
                OnnxNode n = nodes.get(at[0]);
                if (at[1] == n.inputs().size()) {
                    path.pop();
                    state[at[0]] = 2;
                    out.add(n);
                    continue;
                }
                Integer maker = makers.get(n.inputs().get(at[1]++));
                if (maker != null && state[maker] == 1) {
                    throw new BadFileException(source + ": node " + OnnxFile.quoted(n.name()) + ", " + n.kind()
                            + ", needs what is made of its own result: the nodes form a circle");
                }
                if (maker != null) {
                    enter(maker, state, path);
                }
            }
        }
        return out;
    }

    private static void enter(int node, int[] state, Deque<int[]> path) {
        if (state[node] == 0) {
            state[node] = 1;
            path.push(new int[] {node, 0});
        }
    }
}
