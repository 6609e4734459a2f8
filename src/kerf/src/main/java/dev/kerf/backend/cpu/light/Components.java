package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import java.util.Arrays;

/**
 * Connected components, a mask for each task. Pixels are joined to trees that lead to the first pixel of each component
 * (union by the lower index; Tarjan 1975, with halved paths), which lie where the labels will: a pixel hangs from one
 * before it, so that whoever numbers them in order finds each root's number already there.
 *
 * @param corners whether pixels touch at their corners too
 * @param x       U8 (B, H, W)
 * @param labels  I32 (B, H, W)
 * @param areas   I32 (B, most + 1)
 */
record Components(boolean corners, Operand x, Operand labels, Operand areas) implements Kernel {
    @Override
    public int tasks() {
        return x.type().shape().size(0);
    }

    @Override
    public void run(int task, int worker) {
        int width = x.type().shape().size(2);
        int pixels = x.type().shape().size(1) * width;
        int to = labels.offset() + task * pixels;
        join(labels.ints(), to, x.offset() + task * pixels, pixels, width);
        int room = areas.type().shape().size(1);
        number(labels.ints(), to, pixels, areas.offset() + task * room, room);
    }

    /** Trees: element i of {@code p} is the pixel that i hangs from, itself for a root, −1 outside. */
    private void join(int[] p, int to, int from, int pixels, int width) {
        byte[] in = x.bytes();
        int c = 0;
        for (int i = 0; i < pixels; i++) {
            p[to + i] = in[from + i] == 0 ? -1 : i;
            if (p[to + i] >= 0) {
                if (c > 0 && p[to + i - 1] >= 0) {
                    join(p, to, i, i - 1);
                }
                if (i >= width) {
                    joinAbove(p, to, i, c, width);
                }
            }
            c = c == width - 1 ? 0 : c + 1;
        }
    }

    /** What touches the pixel right above is joined with it already. */
    private void joinAbove(int[] p, int to, int i, int c, int width) {
        int above = i - width;
        if (p[to + above] >= 0) {
            join(p, to, i, above);
        } else if (corners) {
            if (c > 0 && p[to + above - 1] >= 0) {
                join(p, to, i, above - 1);
            }
            if (c < width - 1 && p[to + above + 1] >= 0) {
                join(p, to, i, above + 1);
            }
        }
    }

    private static void join(int[] p, int to, int i, int j) {
        int a = root(p, to, i);
        int b = root(p, to, j);
        p[to + Math.max(a, b)] = Math.min(a, b);
    }

    private static int root(int[] p, int to, int i) {
        int at = i;
        while (p[to + at] != at) {
            int next = p[to + p[to + at]];
            p[to + at] = next;
            at = next;
        }
        return at;
    }

    private void number(int[] p, int to, int pixels, int areasTo, int room) {
        int[] area = areas.ints();
        Arrays.fill(area, areasTo, areasTo + room, 0);
        int last = 0;
        for (int i = 0; i < pixels; i++) {
            int up = p[to + i];
            int label = up < 0 ? 0 : up == i ? ++last : p[to + up];
            p[to + i] = label;
            area[areasTo + label]++;
        }
    }
}
