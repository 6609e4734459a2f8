package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.BoxOp;
import java.util.List;

/** Boxes decoded, and the lesser of overlapping ones dropped. */
final class Boxes {
    private Boxes() {}

    static List<Kernel> build(BoxOp.DecodeBoxes op, Site site) {
        Operand y = site.result(0);
        return List.of(new RunTasks(new Runs(y.type().shape(), y.count(), false),
                new Decode(op, site.operand(0), site.operand(1), y, (int) Operand.itemElements(y.type()))));
    }

    static List<Kernel> build(BoxOp.Nms op, Site site) {
        return List.of(new Nms(op, site.operand(0), site.operand(1), site.result(0), site.result(1)));
    }

    private record Decode(BoxOp.DecodeBoxes op, Operand boxes, Operand deltas, Operand y, int item)
            implements
                RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            float[] b = boxes.floats();
            float[] d = deltas.floats();
            // Runs are counted in whole items where there are counts; otherwise there is one.
            int from = run * (y.count() == null ? 0 : item) + first;
            for (int i = from, end = from + n; i < end; i += 4) {
                int at = boxes.offset() + i;
                int by = deltas.offset() + i;
                int to = y.offset() + i;
                axis(b[at], b[at + 2], d[by] / op.wx(), d[by + 2] / op.ww(), op.width(), to);
                axis(b[at + 1], b[at + 3], d[by + 1] / op.wy(), d[by + 3] / op.wh(), op.height(), to + 1);
            }
        }

        private void axis(float low, float high, float shift, float growth, float most, int to) {
            float side = high - low;
            float centre = shift * side + (low + 0.5f * side);
            float half = 0.5f * ((float) Math.exp(Math.min(growth, op.most())) * side);
            y.floats()[to] = Math.min(Math.max(centre - half, 0), most);
            y.floats()[to + 2] = Math.min(Math.max(centre + half, 0), most);
        }
    }

    private record Nms(BoxOp.Nms op, Operand boxes, Operand groups, Operand y, Operand count) implements Kernel {
        @Override
        public int tasks() {
            return boxes.type().shape().size(0);
        }

        @Override
        public void run(int task, int worker) {
            int m = boxes.type().shape().size(1);
            float[] v = boxes.floats();
            int[] group = groups.ints();
            int[] out = y.ints();
            int first = boxes.offset() + task * m * 4;
            int firstGroup = groups.offset() + (groups.type().shape().rank() == 1 ? 0 : task * m);
            int to = y.offset() + task * op.most();
            int n = boxes.count() == null ? m : Math.clamp(boxes.count().ints()[boxes.count().offset() + task], 0, m);
            int kept = 0;
            for (int i = 0; i < n && kept < op.most(); i++) {
                int at = first + 4 * i;
                if (!(v[at + 2] - v[at] >= op.minSide() && v[at + 3] - v[at + 1] >= op.minSide())) {
                    continue;
                }
                boolean stays = true;
                for (int k = 0; stays && k < kept; k++) {
                    int j = out[to + k];
                    stays = group[firstGroup + i] != group[firstGroup + j]
                            || !(iou(v, at, first + 4 * j) > op.threshold());
                }
                if (stays) {
                    out[to + kept++] = i;
                }
            }
            count.ints()[count.offset() + task] = kept;
        }

        private static float iou(float[] v, int i, int j) {
            float w = Math.max(0, Math.min(v[i + 2], v[j + 2]) - Math.max(v[i], v[j]));
            float h = Math.max(0, Math.min(v[i + 3], v[j + 3]) - Math.max(v[i + 1], v[j + 1]));
            float both = w * h;
            float one = (v[i + 2] - v[i]) * (v[i + 3] - v[i + 1]);
            float other = (v[j + 2] - v[j]) * (v[j + 3] - v[j + 1]);
            return both / (one + other - both);
        }
    }
}
