package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.FrameOp;
import dev.kerf.image.Nv12;
import dev.kerf.tensor.DType;
import java.util.List;

/** Pixels to planes, image statistics. */
final class Frames {
    private Frames() {}

    static List<Kernel> build(FrameOp op, Site site, Lanes lanes) {
        Operand x = site.operand(0);
        Operand y = site.result(0);
        return switch (op) {
            case FrameOp.FromPixels f -> List.of(new FromPixels(
                    f.channels().stream().mapToInt(Integer::intValue).toArray(), f.luma(), levels(x.type().dtype()), x, y));
            case FrameOp.FromNv12 f -> List.of(new FromNv12(f.matrix(), x, y));
            case FrameOp.ImageStatistics s -> List.of(new Statistics(x, y));
            case FrameOp.Standardise s -> List.of(new Standardise(lanes, x, site.operand(1), y));
        };
    }

    /** The float32 of each sample, so that no division is left. */
    private static float[] levels(DType dtype) {
        int full = dtype == DType.U8 ? 255 : 65535;
        float[] t = new float[full + 1];
        for (int i = 0; i <= full; i++) {
            t[i] = (float) i / full;
        }
        return t;
    }

    private record FromPixels(int[] channels, boolean luma, float[] levels, Operand x, Operand y) implements Kernel {
        private int rows() {
            return x.type().shape().size(0) * x.type().shape().size(1);
        }

        @Override
        public int tasks() {
            return Split.tasks(rows(), (long) x.type().shape().size(2) * y.type().shape().size(1) * 2);
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int h = x.type().shape().size(1);
            int w = x.type().shape().size(2);
            int samples = x.type().shape().size(3);
            int planes = y.type().shape().size(1);
            for (int row = Split.first(task, tasks, rows()); row < Split.first(task + 1, tasks, rows()); row++) {
                int from = x.offset() + row * w * samples;
                for (int k = 0; k < planes; k++) {
                    int to = y.offset() + ((row / h * planes + k) * h + row % h) * w;
                    if (luma) {
                        luma(from, samples, to, w);
                    } else {
                        plane(from + channels[k], samples, to, w);
                    }
                }
            }
        }

        private void plane(int from, int samples, int to, int w) {
            float[] out = y.floats();
            if (x.type().dtype() == DType.U8) {
                byte[] in = x.bytes();
                for (int j = 0; j < w; j++) {
                    out[to + j] = levels[in[from + j * samples] & 0xFF];
                }
            } else {
                short[] in = x.shorts();
                for (int j = 0; j < w; j++) {
                    out[to + j] = levels[in[from + j * samples] & 0xFFFF];
                }
            }
        }

        private void luma(int from, int samples, int to, int w) {
            for (int j = 0; j < w; j++) {
                int at = from + j * samples;
                long sum = 19595 * Elements.getLong(x, at + channels[0]) + 38470 * Elements.getLong(x, at + channels[1])
                        + 7471 * Elements.getLong(x, at + channels[2]) + 32768;
                y.floats()[to + j] = levels[(int) (sum >> 16)];
            }
        }
    }

    private record FromNv12(Nv12.Matrix matrix, Operand x, Operand y) implements Kernel {
        private int h() {
            return y.type().shape().size(2);
        }

        private int rows() {
            return y.type().shape().size(0) * h();
        }

        @Override
        public int tasks() {
            return Split.tasks(rows(), 16L * y.type().shape().size(3));
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            for (int row = Split.first(task, tasks, rows()); row < Split.first(task + 1, tasks, rows()); row++) {
                row(row / h(), row % h());
            }
        }

        private void row(int n, int i) {
            int h = h();
            int w = y.type().shape().size(3);
            boolean full = matrix == Nv12.Matrix.BT601_FULL;
            boolean hd = matrix == Nv12.Matrix.BT709_LIMITED;
            float kr = hd ? 0.2126f : 0.299f;
            float kb = hd ? 0.0722f : 0.114f;
            float kg = (float) (1.0 - (hd ? 0.2126 + 0.0722 : 0.299 + 0.114));
            int frame = x.offset() + n * x.type().shape().size(1) * w;
            int chroma = frame + (h + i / 2) * w;
            int to = y.offset() + (n * 3 * h + i) * w;
            byte[] in = x.bytes();
            float[] out = y.floats();
            for (int j = 0; j < w; j++) {
                int sample = in[frame + i * w + j] & 0xFF;
                float luma = full ? sample / 255f : (sample - 16) / 219f;
                float cb = ((in[chroma + (j & ~1)] & 0xFF) - 128) / (full ? 255f : 224f);
                float cr = ((in[chroma + (j | 1)] & 0xFF) - 128) / (full ? 255f : 224f);
                float red = 2 * (1 - kr) * cr;
                float blue = 2 * (1 - kb) * cb;
                out[to + j] = Math.clamp(luma + red, 0f, 1f);
                out[to + j + h * w] = Math.clamp(luma - (kr * red + kb * blue) / kg, 0f, 1f);
                out[to + j + 2 * h * w] = Math.clamp(luma + blue, 0f, 1f);
            }
        }
    }

    private record Statistics(Operand x, Operand y) implements Kernel {
        private int planes() {
            return x.type().shape().size(0) * x.type().shape().size(1);
        }

        private int pixels() {
            return x.type().shape().size(2) * x.type().shape().size(3);
        }

        @Override
        public int tasks() {
            return Split.tasks(planes(), 2L * pixels());
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int n = pixels();
            for (int p = Split.first(task, tasks, planes()); p < Split.first(task + 1, tasks, planes()); p++) {
                float[] in = x.floats();
                int from = x.offset() + p * n;
                double mean = 0;
                for (int i = 0; i < n; i++) {
                    mean += in[from + i];
                }
                mean /= n;
                double var = 0;
                for (int i = 0; i < n; i++) {
                    double d = in[from + i] - mean;
                    var += d * d;
                }
                y.floats()[y.offset() + 2 * p] = (float) mean;
                y.floats()[y.offset() + 2 * p + 1] = var <= Float.MAX_VALUE ? (float) Math.sqrt(var / n) : Float.NaN;
            }
        }
    }

    private record Standardise(Lanes lanes, Operand x, Operand statistics, Operand y) implements Kernel {
        private int planes() {
            return x.type().shape().size(0) * x.type().shape().size(1);
        }

        private int pixels() {
            return x.type().shape().size(2) * x.type().shape().size(3);
        }

        @Override
        public int tasks() {
            return Split.tasks(planes(), pixels());
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int n = pixels();
            int channels = x.type().shape().size(1);
            boolean shared = statistics.type().shape().dim(0) == 1;
            for (int p = Split.first(task, tasks, planes()); p < Split.first(task + 1, tasks, planes()); p++) {
                int at = statistics.offset() + 2 * (shared ? p % channels : p);
                float mean = statistics.floats()[at];
                float std = statistics.floats()[at + 1];
                int to = y.offset() + p * n;
                if (std == 0) {
                    java.util.Arrays.fill(y.floats(), to, to + n, 0);
                } else {
                    lanes.normalise(x.floats(), x.offset() + p * n, mean, 1 / std, 0, y.floats(), to, n);
                }
            }
        }
    }
}
