package dev.kerf.check.ptx.machine;

import java.util.List;

/**
 * {@code mma.sync} for products of 16 × K and K × 8 numbers, and {@code ldmatrix}. Fragments lie in the lanes as the PTX ISA's figures
 * show them: with g = lane / 4 and q = lane % 4, sums in rows g and g + 8, columns 2q and 2q + 1.
 *
 * <p>Products are exact; they are added in float64 to what was there, and the sum is rounded to the nearest or, if the block says so,
 * towards 0.
 * Tensor cores sum in an order of their own with a few bits more than float32's, so that their last bit may differ.
 */
final class Tensors {
    private Tensors() {}

    /** An instruction of this family; null if it is none. */
    static Op of(Operands o, Statement s, int index) {
        return s.base().equals("mma") ? product(o, s) : loadMatrix(o, s, index);
    }

    /**
     * How a product's factors lie in registers.
     *
     * @param k      its depth
     * @param packed numbers in a register
     * @param a      registers of the left factor
     * @param b      registers of the right one
     */
    private record Shape(int k, int packed, int a, int b) {
        /** Row of the left factor that a register holds. */
        int row(int lane, int register) {
            return (lane >> 2) + (register & 1) * 8;
        }

        /** Depth of the first number in a register of the left factor. */
        int depthOfA(int lane, int register) {
            return (lane & 3) * packed + (register >> 1) * 4 * packed;
        }

        /** The same for the right factor. */
        int depthOfB(int lane, int register) {
            return (lane & 3) * packed + register * 4 * packed;
        }
    }

    private static Shape shape(String name, Type type) {
        if (type == Type.TF32) {
            return switch (name) {
                case "m16n8k4" -> new Shape(4, 1, 2, 1);
                case "m16n8k8" -> new Shape(8, 1, 4, 2);
                default -> null;
            };
        }
        if (type == Type.F16 || type == Type.BF16) {
            return switch (name) {
                case "m16n8k8" -> new Shape(8, 2, 2, 1);
                case "m16n8k16" -> new Shape(16, 2, 4, 2);
                default -> null;
            };
        }
        return null;
    }

    private static Op product(Operands o, Statement s) {
        List<String> p = s.parts();
        if (p.size() != 10 || !s.opcode().startsWith("mma.sync.aligned.") || !p.get(4).equals("row") || !p.get(5).equals("col")
                || !p.get(7).equals(p.get(8)) || !p.get(6).equals(p.get(9))) {
            return null;
        }
        Type type = Type.of(p.get(7));
        Type sums = Type.of(p.get(6));
        Shape shape = shape(p.get(3), type);
        if (shape == null || sums != Type.F32 && (sums != Type.F16 || type != Type.F16)) {
            return null;
        }
        boolean wide = sums == Type.F32;
        Type.Bank bank = wide ? Type.Bank.FLOAT : Type.Bank.INT;
        int[] d = Statement.elements(s.operand(0)).stream().mapToInt(r -> o.write(bank, r)).toArray();
        int[] a = Statement.elements(s.operand(1)).stream().mapToInt(o::ints).toArray();
        int[] b = Statement.elements(s.operand(2)).stream().mapToInt(o::ints).toArray();
        int[] c = Statement.elements(s.operand(3)).stream().mapToInt(r -> o.read(bank, r)).toArray();
        if (a.length != shape.a() || b.length != shape.b() || d.length != (wide ? 4 : 2) || c.length != d.length) {
            return null;
        }
        return (w, m) -> {
            all(w, m);
            if (wide && zero(w, a) && zero(w, b)) {
                // As it is with memory that reads as 0.
                for (int r = 0; r < 4; r++) {
                    for (int t = 0; t < 32; t++) {
                        w.f[d[r]][t] = w.f[c[r]][t] + 0f;
                    }
                }
                return;
            }
            double[] left = w.block.left;
            double[] right = w.block.right;
            double[] sum = w.block.sum;
            double[] lanes = w.block.lanes;
            for (int h = 0; h < shape.packed(); h++) {
                for (int r = 0; r < a.length; r++) {
                    numbers(w.i[a[r]], h, type, lanes);
                    for (int t = 0; t < 32; t++) {
                        left[shape.row(t, r) * 16 + shape.depthOfA(t, r) + h] = lanes[t];
                    }
                }
                for (int r = 0; r < b.length; r++) {
                    numbers(w.i[b[r]], h, type, lanes);
                    for (int t = 0; t < 32; t++) {
                        right[(shape.depthOfB(t, r) + h) * 8 + (t >> 2)] = lanes[t];
                    }
                }
            }
            for (int t = 0; t < 32; t++) {
                for (int r = 0; r < 4; r++) {
                    sum[place(t, r)] = wide
                            ? w.f[c[r]][t]
                            : Float.float16ToFloat((short) (w.i[c[r >> 1]][t] >>> 16 * (r & 1)));
                }
            }
            multiply(left, right, sum, shape.k());
            for (int t = 0; t < 32; t++) {
                if (wide) {
                    for (int r = 0; r < 4; r++) {
                        w.f[d[r]][t] = rounded(sum[place(t, r)], w.block.truncating);
                    }
                } else {
                    for (int r = 0; r < 2; r++) {
                        int lo = half(sum[place(t, 2 * r)], w.block.truncating);
                        int hi = half(sum[place(t, 2 * r + 1)], w.block.truncating);
                        w.i[d[r]][t] = hi << 16 | lo;
                    }
                }
            }
        };
    }

    /** Where a lane's sum lies among 16 rows of 8. */
    static int place(int lane, int register) {
        return ((lane >> 2) + (register >> 1) * 8) * 8 + (lane & 3) * 2 + (register & 1);
    }

    /** Adds a product to sums: 16 rows of 16 by so many rows of 8. */
    static void multiply(double[] left, double[] right, double[] sum, int depth) {
        for (int row = 0; row < 16; row++) {
            int at = row * 8;
            double a = sum[at];
            double b = sum[at + 1];
            double c = sum[at + 2];
            double d = sum[at + 3];
            double e = sum[at + 4];
            double f = sum[at + 5];
            double g = sum[at + 6];
            double h = sum[at + 7];
            for (int k = 0; k < depth; k++) {
                double x = left[row * 16 + k];
                a += x * right[k * 8];
                b += x * right[k * 8 + 1];
                c += x * right[k * 8 + 2];
                d += x * right[k * 8 + 3];
                e += x * right[k * 8 + 4];
                f += x * right[k * 8 + 5];
                g += x * right[k * 8 + 6];
                h += x * right[k * 8 + 7];
            }
            sum[at] = a;
            sum[at + 1] = b;
            sum[at + 2] = c;
            sum[at + 3] = d;
            sum[at + 4] = e;
            sum[at + 5] = f;
            sum[at + 6] = g;
            sum[at + 7] = h;
        }
    }

    private static boolean zero(Warp w, int[] registers) {
        int any = 0;
        for (int r : registers) {
            for (int x : w.i[r]) {
                any |= x;
            }
        }
        return any == 0;
    }

    /** The numbers of all lanes in a half of a register. */
    private static void numbers(int[] register, int half, Type type, double[] to) {
        switch (type) {
            case F16 -> {
                for (int t = 0; t < 32; t++) {
                    to[t] = Float.float16ToFloat((short) (register[t] >>> 16 * half));
                }
            }
            case BF16 -> {
                for (int t = 0; t < 32; t++) {
                    to[t] = Float.intBitsToFloat(register[t] >>> 16 * half << 16);
                }
            }
            default -> {
                for (int t = 0; t < 32; t++) {
                    to[t] = number(register[t], half, type);
                }
            }
        }
    }

    static double number(int register, int half, Type type) {
        return switch (type) {
            case F16 -> Float.float16ToFloat((short) (register >>> 16 * half));
            case BF16 -> Float.intBitsToFloat(register >>> 16 * half << 16);
            // What TF32 lacks of float32's fraction isn't looked at.
            default -> Float.intBitsToFloat(register & 0xFFFFE000);
        };
    }

    static float rounded(double v, boolean truncating) {
        float f = (float) v;
        return !truncating || Math.abs(f) <= Math.abs(v) || f != f ? f : f > 0 ? Math.nextDown(f) : Math.nextUp(f);
    }

    /** By way of a float32 whose last bit says whether there is more, so that it is rounded once. */
    private static int half(double v, boolean truncating) {
        float f = rounded(v, true);
        f = f == f && f != v ? Float.intBitsToFloat(Float.floatToRawIntBits(f) | 1) : f;
        short h = Float.floatToFloat16(f);
        return (truncating && Math.abs(Float.float16ToFloat(h)) > Math.abs(v) ? h - 1 : h) & 0xFFFF;
    }

    static void all(Warp w, int m) {
        if (m != -1) {
            throw new Fault(Rule.MISSING_LANES, "lanes " + Integer.toHexString(m) + " of all are there");
        }
    }

    /** {@code ldmatrix}: up to four 8 × 8 matrices of 16-bit numbers, a row of each at the address of one lane. */
    private static Op loadMatrix(Operands o, Statement s, int index) {
        int[] d = Statement.elements(s.operand(0)).stream().mapToInt(r -> o.write(Type.Bank.INT, r)).toArray();
        if (!s.opcode().startsWith("ldmatrix.sync.aligned.m8n8.x" + d.length) || s.type() != Type.B16) {
            return null;
        }
        Operands.Address address = o.address(s.line(), s.operand(1));
        boolean turned = s.has("trans");
        return (w, m) -> {
            all(w, m);
            SharedMemory shared = w.block.shared;
            // Addresses of lanes behind the last matrix aren't looked at.
            int rows = d.length == 4 ? -1 : (1 << 8 * d.length) - 1;
            SharedAccess.locate(w, rows, address, 16);
            shared.read(w, rows, w.at, 16);
            if (w.block.counting) {
                Traffic.shared(w.block.counts, index, w.at, rows, 16);
            }
            for (int k = 0; k < d.length; k++) {
                int[] z = w.i[d[k]];
                for (int t = 0; t < 32; t++) {
                    z[t] = turned
                            ? (short) DeviceMemory.SHORT.get(shared.bytes, w.at[k * 8 + (t & 3) * 2] + (t >> 2) * 2) & 0xFFFF
                                    | (short) DeviceMemory.SHORT.get(shared.bytes,
                                            w.at[k * 8 + (t & 3) * 2 + 1] + (t >> 2) * 2) << 16
                            : (int) DeviceMemory.INT.get(shared.bytes, w.at[k * 8 + (t >> 2)] + (t & 3) * 4);
                }
            }
        };
    }
}
