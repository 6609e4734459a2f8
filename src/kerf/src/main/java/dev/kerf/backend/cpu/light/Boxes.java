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
        Runs runs = new Runs(y.type().shape(), y.count(), false);
        int item = (int) Operand.itemElements(y.type());
        return List.of(new RunTasks(runs, op.picked()
                ? new Decode(op, new Rows(site, 0), new Rows(site, 1), y, item)
                : new Decode(op, new Rows(site.operand(0), null, 4, null), new Rows(site.operand(1), null, 4, null), y, item)));
    }

    static List<Kernel> build(BoxOp.Nms op, Site site) {
        return List.of(new Nms(op, site.operand(0), site.operand(1), site.result(0), site.result(1)));
    }

    /**
     * Four numbers for each box.
     *
     * @param index   the row of each box; null if they lie in order
     * @param columns of a row, of which the last four are taken
     * @param site    whose errors are raised; null where there is no index
     */
    private record Rows(Operand x, Operand index, int columns, Site site) {
        Rows(Site site, int operand) {
            this(site.operand(operand), site.operand(2 + operand), site.operand(operand).type().shape().size(1), site);
        }

        /** Where the numbers of element i of the result begin; below 0 if nowhere. */
        int at(int i) {
            if (index == null) {
                return x.offset() + i;
            }
            int row = index.ints()[index.offset() + i / 4];
            int rows = x.type().shape().size(0);
            if (row < 0 || row >= rows) {
                site.faults().index(site.node().name(), row, rows);
                return -1;
            }
            return x.offset() + (row + 1) * columns - 4;
        }
    }

    private record Decode(BoxOp.DecodeBoxes op, Rows boxes, Rows deltas, Operand y, int item)
            implements
                RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            float[] b = boxes.x.floats();
            float[] d = deltas.x.floats();
            // Runs are counted in whole items where there are counts; otherwise there is one.
            int from = run * (y.count() == null ? 0 : item) + first;
            for (int i = from, end = from + n; i < end; i += 4) {
                int at = boxes.at(i);
                int by = deltas.at(i);
                int to = y.offset() + i;
                if (at < 0 || by < 0) {
                    continue;
                }
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
