package dev.kerf.check.oracle;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph.Node;
import java.util.List;

/** Boxes: decoded, suppressed, pooled from, pasted to. */
final class ScalarBoxes {
    private ScalarBoxes() {}

    static void run(BoxOp op, Node n, List<Wide> in, Wide y, Wide count) {
        switch (op) {
            case BoxOp.DecodeBoxes d when d.picked() ->
                decode(d, picked(n, in.get(0), in.get(2), y), picked(n, in.get(1), in.get(3), y), y.v());
            case BoxOp.DecodeBoxes d -> decode(d, in.get(0).v(), in.get(1).v(), y.v());
            case BoxOp.Nms m -> suppress(m, in.get(0), in.get(1), y, count);
            case BoxOp.RoiAlign r -> align(r, in, y);
            case BoxOp.PasteMasks p -> paste(p, in.get(0), in.get(1), y);
        }
    }

    /** The last four numbers of the rows that valid indices pick, 0 elsewhere. */
    private static double[] picked(Node node, Wide rows, Wide index, Wide y) {
        double[] out = new double[y.v().length];
        for (int i = 0; i < out.length / 4; i++) {
            int row = index.isValid(i) ? (int) index.v()[i] : 0;
            if (row < 0 || row >= rows.dim(0)) {
                throw new BadInputException(
                        "node " + node.name() + ": index " + row + " is outside 0 … " + (rows.dim(0) - 1));
            }
            System.arraycopy(rows.v(), (row + 1) * rows.dim(1) - 4, out, 4 * i, 4);
        }
        return out;
    }

    private static void decode(BoxOp.DecodeBoxes op, double[] box, double[] delta, double[] y) {
        for (int i = 0; i < y.length; i += 4) {
            double w = box[i + 2] - box[i];
            double h = box[i + 3] - box[i + 1];
            double cx = box[i] + 0.5 * w + delta[i] / op.wx() * w;
            double cy = box[i + 1] + 0.5 * h + delta[i + 1] / op.wy() * h;
            double newW = Math.exp(Math.min(delta[i + 2] / op.ww(), op.most())) * w;
            double newH = Math.exp(Math.min(delta[i + 3] / op.wh(), op.most())) * h;
            y[i] = within(cx - 0.5 * newW, op.width());
            y[i + 1] = within(cy - 0.5 * newH, op.height());
            y[i + 2] = within(cx + 0.5 * newW, op.width());
            y[i + 3] = within(cy + 0.5 * newH, op.height());
        }
    }

    private static double within(double v, double most) {
        return Math.min(Math.max(v, 0), most);
    }

    private static void suppress(BoxOp.Nms op, Wide boxes, Wide groups, Wide y, Wide count) {
        int m = boxes.dim(1);
        for (int b = 0; b < boxes.dim(0); b++) {
            int kept = 0;
            for (int i = 0; i < boxes.valid(1, b * m * 4) && kept < op.most(); i++) {
                boolean stays = large(boxes.v(), (b * m + i) * 4, op.minSide());
                for (int k = 0; stays && k < kept; k++) {
                    int j = (int) y.v()[b * op.most() + k];
                    boolean same = group(groups, b, j, m) == group(groups, b, i, m);
                    stays = !(same && iou(boxes.v(), (b * m + i) * 4, (b * m + j) * 4) > op.threshold());
                }
                if (stays) {
                    y.v()[b * op.most() + kept++] = i;
                }
            }
            count.v()[b] = kept;
        }
    }

    private static boolean large(double[] v, int i, double least) {
        return v[i + 2] - v[i] >= least && v[i + 3] - v[i + 1] >= least;
    }

    private static double group(Wide groups, int b, int i, int m) {
        return groups.v()[groups.rank() == 1 ? i : b * m + i];
    }

    private static double iou(double[] v, int i, int j) {
        double w = Math.max(0, Math.min(v[i + 2], v[j + 2]) - Math.max(v[i], v[j]));
        double h = Math.max(0, Math.min(v[i + 3], v[j + 3]) - Math.max(v[i + 1], v[j + 1]));
        double both = w * h;
        return both / (area(v, i) + area(v, j) - both);
    }

    private static double area(double[] v, int i) {
        return (v[i + 2] - v[i]) * (v[i + 3] - v[i + 1]);
    }

    private static void align(BoxOp.RoiAlign op, List<Wide> in, Wide y) {
        Wide boxes = in.getFirst();
        int channels = y.dim(2);
        int r = boxes.dim(1);
        for (int i = 0; i < boxes.dim(0) * r; i++) {
            if (!boxes.isValid(4 * i)) {
                continue;
            }
            int level = level(op, boxes.v(), 4 * i);
            double scale = op.scales().get(level);
            double shift = op.aligned() ? 0.5 : 0;
            double left = boxes.v()[4 * i] * scale - shift;
            double top = boxes.v()[4 * i + 1] * scale - shift;
            double w = boxes.v()[4 * i + 2] * scale - shift - left;
            double h = boxes.v()[4 * i + 3] * scale - shift - top;
            w = (op.aligned() ? w : Math.max(w, 1)) / op.columns();
            h = (op.aligned() ? h : Math.max(h, 1)) / op.rows();
            int down = samples(op, h);
            int across = samples(op, w);
            for (int c = 0; c < channels; c++) {
                for (int p = 0; p < op.rows(); p++) {
                    for (int q = 0; q < op.columns(); q++) {
                        double sum = 0;
                        for (int s = 0; s < down; s++) {
                            for (int t = 0; t < across; t++) {
                                sum += sample(in.get(1 + level), i / r, c, top + p * h + (s + 0.5) * h / down,
                                        left + q * w + (t + 0.5) * w / across);
                            }
                        }
                        y.v()[((i * channels + c) * op.rows() + p) * op.columns() + q] = sum / Math.max(1, down * across);
                    }
                }
            }
        }
    }

    private static int samples(BoxOp.RoiAlign op, double cell) {
        if (op.samples() > 0) {
            return op.samples();
        }
        return cell > 0 && cell <= BoxOp.RoiAlign.LONGEST_CELL ? (int) Math.ceil(cell) : 0;
    }

    private static int level(BoxOp.RoiAlign op, double[] v, int i) {
        BoxOp.LevelRule rule = op.rule();
        double side = Math.sqrt(area(v, i));
        double log = Math.log(side / rule.side() + rule.inner()) / Math.log(2);
        double level = Math.floor(rule.level() + log + rule.outer()) - op.firstLevel();
        return Double.isNaN(level) ? 0 : (int) Math.clamp(level, 0, op.scales().size() - 1);
    }

    private static double sample(Wide x, int item, int c, double row, double column) {
        int h = x.dim(2);
        int w = x.dim(3);
        if (!(row >= -1 && row <= h && column >= -1 && column <= w)) {
            return 0;
        }
        double a = Math.clamp(row, 0, h - 1);
        double b = Math.clamp(column, 0, w - 1);
        int i = (int) a;
        int j = (int) b;
        int below = Math.min(i + 1, h - 1);
        int right = Math.min(j + 1, w - 1);
        int plane = (item * x.dim(1) + c) * h * w;
        double upper = x.v()[plane + i * w + j] * (1 - b + j) + x.v()[plane + i * w + right] * (b - j);
        double lower = x.v()[plane + below * w + j] * (1 - b + j) + x.v()[plane + below * w + right] * (b - j);
        return upper * (1 - a + i) + lower * (a - i);
    }

    private static void paste(BoxOp.PasteMasks op, Wide masks, Wide boxes, Wide y) {
        int p = masks.dim(3);
        int bytes = y.dim(2);
        for (int d = 0; d < masks.dim(0) * masks.dim(1); d++) {
            double sum = boxes.v()[4 * d] + boxes.v()[4 * d + 1] + boxes.v()[4 * d + 2] + boxes.v()[4 * d + 3];
            if (!boxes.isValid(4 * d) || Double.isNaN(sum)) {
                continue;
            }
            for (int pixel = 0; pixel < op.height() * op.width(); pixel++) {
                int i = pixel / op.width();
                int j = pixel % op.width();
                boolean in = op.how() == BoxOp.Paste.EXACT
                        ? exact(masks.v(), d * p * p, p, boxes.v(), 4 * d, i, j) >= op.threshold()
                        : whole(masks.v(), d * p * p, p, boxes.v(), 4 * d, i, j) > op.threshold();
                if (in) {
                    int at = d * bytes + pixel / 8;
                    y.v()[at] = (int) y.v()[at] | 0x80 >> pixel % 8;
                }
            }
        }
    }

    private static double exact(double[] m, int first, int p, double[] v, int box, int i, int j) {
        double row = (i + 0.5 - v[box + 1]) / (v[box + 3] - v[box + 1]) * p - 0.5;
        double column = (j + 0.5 - v[box]) / (v[box + 2] - v[box]) * p - 0.5;
        if (!(row > -1 && row < p && column > -1 && column < p)) {
            return 0;
        }
        int a = (int) Math.floor(row);
        int b = (int) Math.floor(column);
        return (1 - row + a) * ((1 - column + b) * at(m, first, p, a, b) + (column - b) * at(m, first, p, a, b + 1))
                + (row - a) * ((1 - column + b) * at(m, first, p, a + 1, b) + (column - b) * at(m, first, p, a + 1, b + 1));
    }

    private static double at(double[] m, int first, int p, int i, int j) {
        return i < 0 || i >= p || j < 0 || j >= p ? 0 : m[first + i * p + j];
    }

    /** The mask with its border is p + 2 wide; the box in whole pixels holds both its edges. */
    private static double whole(double[] m, int first, int p, double[] v, int box, int i, int j) {
        double grown = (p + 2.0) / p;
        int[] edge = new int[4];
        for (int axis = 0; axis < 2; axis++) {
            double centre = (v[box + axis + 2] + v[box + axis]) * 0.5;
            double half = (v[box + axis + 2] - v[box + axis]) * 0.5 * grown;
            edge[axis] = (int) (centre - half);
            edge[axis + 2] = (int) (centre + half);
        }
        if (j < edge[0] || j > edge[2] || i < edge[1] || i > edge[3]) {
            return 0;
        }
        double row = between(i - edge[1], Math.max(1, edge[3] - edge[1] + 1), p + 2);
        double column = between(j - edge[0], Math.max(1, edge[2] - edge[0] + 1), p + 2);
        int a = (int) row;
        int b = (int) column;
        double upper = (1 - column + b) * at(m, first, p, a - 1, b - 1) + (column - b) * at(m, first, p, a - 1, b);
        double lower = (1 - column + b) * at(m, first, p, a, b - 1) + (column - b) * at(m, first, p, a, b);
        return (1 - row + a) * upper + (row - a) * lower;
    }

    /** The source position of element {@code i} of {@code out} resized from {@code in}; 0 … in − 1. */
    private static double between(int i, int out, int in) {
        return Math.clamp((i + 0.5) * in / out - 0.5, 0, in - 1);
    }
}
