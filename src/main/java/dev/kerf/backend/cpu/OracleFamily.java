package dev.kerf.backend.cpu;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Node;
import dev.kerf.graph.Value;
import dev.kerf.tensor.HostTensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Stands in for kernels that are yet to come: the oracle, node by node. */
final class OracleFamily implements KernelFamily {
    @Override
    public boolean takes(Node node) {
        return true;
    }

    @Override
    public long scratchFloats(Node node, int workers) {
        return 0;
    }

    @Override
    public boolean strided(Node node, Value value) {
        return false;
    }

    @Override
    public String algorithm(Node node) {
        return "oracle";
    }

    @Override
    public List<Kernel> build(Site site) {
        Node n = site.node();
        GraphBuilder g = new GraphBuilder();
        Value[] in = new Value[n.inputs().size()];
        for (int i = 0; i < in.length; i++) {
            in[i] = g.input("" + i, n.input(i).type());
            site.operand(i);
        }
        List<Value> out = g.add(n.op(), in);
        for (int i = 0; i < out.size(); i++) {
            g.output("" + i, out.get(i));
        }
        return List.of(new Whole(site, g.build()));
    }

    private record Whole(Site site, Graph graph) implements Kernel {
        @Override
        public int tasks() {
            return 1;
        }

        @Override
        public void run(int task, int worker) {
            Map<String, HostTensor> in = new HashMap<>();
            for (int i = 0; i < graph.inputs().size(); i++) {
                Operand o = site.operand(i);
                HostTensor t = HostTensor.zeros(o.type().dtype(), o.type().shape());
                long size = o.type().dtype().bytes();
                MemorySegment.copy(Storage.segment(o.array()), o.offset() * size, t.data(), 0, o.type().bytes());
                in.put("" + i, t);
            }
            Oracle.Result r = Oracle.run(graph, null, in, Map.of());
            for (int i = 0; i < graph.outputs().size(); i++) {
                Operand o = site.result(i);
                MemorySegment.copy(r.outputs().get("" + i).data(), 0, Storage.segment(o.array()),
                        o.offset() * (long) o.type().dtype().bytes(), o.type().bytes());
            }
        }
    }
}
