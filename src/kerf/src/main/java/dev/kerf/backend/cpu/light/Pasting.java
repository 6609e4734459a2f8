package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.BoxOp;
import java.util.Arrays;

/** Masks laid over their boxes, one at a time: all bits off, then the rows of the box. */
final class Pasting implements Kernel {
    private final BoxOp.PasteMasks op;
    private final Operand masks;
    private final Operand boxes;
    private final Operand y;
    private final int side;
    private final int detections;

    Pasting(BoxOp.PasteMasks op, Site site) {
        this.op = op;
        this.masks = site.operand(0);
        this.boxes = site.operand(1);
        this.y = site.result(0);
        this.side = masks.type().shape().size(3);
        this.detections = masks.type().shape().size(1);
    }

    @Override
    public int tasks() {
        return masks.type().shape().size(0) * detections;
    }

    @Override
    public void run(int task, int worker) {
        if (boxes.count() != null
                && task % detections >= boxes.count().ints()[boxes.count().offset() + task / detections]) {
            return;
        }
        int bytes = y.type().shape().size(2);
        int to = y.offset() + task * bytes;
        Arrays.fill(y.bytes(), to, to + bytes, (byte) 0);
        float[] v = boxes.floats();
        int box = boxes.offset() + 4 * task;
        int mask = masks.offset() + task * side * side;
        if (Float.isNaN(v[box] + v[box + 1] + v[box + 2] + v[box + 3])) {
            return;
        }
        if (op.how() == BoxOp.Paste.EXACT) {
            exact(mask, v[box], v[box + 1], v[box + 2], v[box + 3], to);
        } else {
            whole(mask, v[box], v[box + 1], v[box + 2], v[box + 3], to);
        }
    }

    /** Pixels whose centres are nearer than half a cell of the mask to the box can see it. */
    private void exact(int mask, float x0, float y0, float x1, float y1, int to) {
        float marginX = Math.abs(x1 - x0) / side + 1;
        float marginY = Math.abs(y1 - y0) / side + 1;
        int right = (int) Math.min(op.width() - 1, x1 + marginX);
        int bottom = (int) Math.min(op.height() - 1, y1 + marginY);
        for (int i = (int) Math.max(0, y0 - marginY); i <= bottom; i++) {
            float row = (i + 0.5f - y0) / (y1 - y0) * side - 0.5f;
            if (!(row > -1 && row < side)) {
                continue;
            }
            int a = (int) Math.floor(row);
            for (int j = (int) Math.max(0, x0 - marginX); j <= right; j++) {
                float column = (j + 0.5f - x0) / (x1 - x0) * side - 0.5f;
                if (column > -1 && column < side
                        && blend(mask, a, row - a, (int) Math.floor(column), column) >= op.threshold()) {
                    set(to, i, j);
                }
            }
        }
    }

    private void whole(int mask, float x0, float y0, float x1, float y1, int to) {
        float grown = (side + 2f) / side;
        float cx = (x1 + x0) * 0.5f;
        float cy = (y1 + y0) * 0.5f;
        float halfW = (x1 - x0) * 0.5f * grown;
        float halfH = (y1 - y0) * 0.5f * grown;
        int left = (int) (cx - halfW);
        int top = (int) (cy - halfH);
        int right = (int) (cx + halfW);
        int bottom = (int) (cy + halfH);
        float stepX = (side + 2f) / Math.max(1, right - left + 1);
        float stepY = (side + 2f) / Math.max(1, bottom - top + 1);
        for (int i = Math.max(0, top); i <= Math.min(op.height() - 1, bottom); i++) {
            float row = Math.clamp((i - top + 0.5f) * stepY - 0.5f, 0, side + 1);
            int a = (int) row;
            for (int j = Math.max(0, left); j <= Math.min(op.width() - 1, right); j++) {
                float column = Math.clamp((j - left + 0.5f) * stepX - 0.5f, 0, side + 1);
                // The border of zeros puts the mask's first cell at 1.
                if (blend(mask, a - 1, row - a, (int) column - 1, column - 1) > op.threshold()) {
                    set(to, i, j);
                }
            }
        }
    }

    private float blend(int mask, int a, float below, int b, float column) {
        float right = column - b;
        return (1 - below) * ((1 - right) * at(mask, a, b) + right * at(mask, a, b + 1))
                + below * ((1 - right) * at(mask, a + 1, b) + right * at(mask, a + 1, b + 1));
    }

    private float at(int mask, int i, int j) {
        return i < 0 || i >= side || j < 0 || j >= side ? 0 : masks.floats()[mask + i * side + j];
    }

    private void set(int to, int i, int j) {
        long pixel = (long) i * op.width() + j;
        int at = to + (int) (pixel >> 3);
        y.bytes()[at] = (byte) (y.bytes()[at] | 0x80 >> (int) (pixel & 7));
    }
}
