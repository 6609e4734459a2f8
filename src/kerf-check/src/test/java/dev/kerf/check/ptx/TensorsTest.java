package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.check.ptx.machine.Watch;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products of tensor cores and what feeds them, against plain sums over the matrices that the PTX ISA's figures describe. */
class TensorsTest {
    /** Numbers that every type holds. */
    private static double[] matrix(int rows, int columns, long seed) {
        Random random = new Random(seed);
        double[] m = new double[rows * columns];
        for (int i = 0; i < m.length; i++) {
            m[i] = (random.nextInt(257) - 128) / 64.0;
        }
        return m;
    }

    private static int bits(String type, double v) {
        return switch (type) {
            case "f16" -> Float.floatToFloat16((float) v) & 0xFFFF;
            case "bf16" -> Float.floatToRawIntBits((float) v) >>> 16;
            default -> Float.floatToRawIntBits((float) v);
        };
    }

    private static String list(String register, int from, int n) {
        StringBuilder s = new StringBuilder("{");
        for (int i = 0; i < n; i++) {
            s.append(i == 0 ? "" : ", ").append(register).append(from + i);
        }
        return s.append('}').toString();
    }

    private static String loads(String opcode, String register, int from, int n, int first) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < n; i++) {
            s.append(opcode).append(' ').append(register).append(from + i).append(", [%rd10+").append(4 * (first + i))
                    .append("];\n");
        }
        return s.toString();
    }

    @ParameterizedTest
    @CsvSource({"f16,16", "f16,8", "bf16,16", "bf16,8", "tf32,8", "tf32,4"})
    void products(String type, int depth) {
        int packed = type.equals("tf32") ? 1 : 2;
        double[] a = matrix(16, depth, 1);
        double[] b = matrix(depth, 8, 2);
        double[] c = matrix(16, 8, 3);
        int na = 16 * depth / 32 / packed;
        int nb = 8 * depth / 32 / packed;
        int[] x = new int[32 * 10];
        for (int lane = 0; lane < 32; lane++) {
            int group = lane / 4;
            int inGroup = lane % 4;
            for (int i = 0; i < na * packed; i++) {
                // The k-th element of a fragment: rows alternate by register, columns advance behind every two registers.
                int register = i / packed;
                int row = register % 2 == 0 ? group : group + 8;
                int column = inGroup * packed + i % packed + (register < 2 ? 0 : depth / 2);
                x[lane * 10 + register] |= bits(type, a[row * depth + column]) << 16 * (i % packed);
            }
            for (int i = 0; i < nb * packed; i++) {
                int row = inGroup * packed + i % packed + (i < packed ? 0 : depth / 2);
                x[lane * 10 + 4 + i / packed] |= bits(type, b[row * 8 + group]) << 16 * (i % packed);
            }
            for (int i = 0; i < 4; i++) {
                x[lane * 10 + 6 + i] = Float
                        .floatToRawIntBits((float) c[(i < 2 ? group : group + 8) * 8 + inGroup * 2 + i % 2]);
            }
        }
        String body = "mul.wide.s32 %rd9, %r1, 40;\nadd.s64 %rd10, %rd1, %rd9;\n" + loads("ld.global.u32", "%r", 20, na, 0)
                + loads("ld.global.u32", "%r", 30, nb, 4) + loads("ld.global.f32", "%f", 20, 4, 6)
                + "mma.sync.aligned.m16n8k" + depth + ".row.col.f32." + type + "." + type + ".f32 " + list("%f", 30, 4) + ", "
                + list("%r", 20, na) + ", " + list("%r", 30, nb) + ", " + list("%f", 20, 4) + ";\n"
                + "mul.wide.s32 %rd9, %r1, 16;\nadd.s64 %rd11, %rd2, %rd9;\nst.global.v4.f32 [%rd11], " + list("%f", 30, 4)
                + ";\n";
        int[] y = Bed.run(body, 1, 32, 128, x);
        for (int lane = 0; lane < 32; lane++) {
            for (int i = 0; i < 4; i++) {
                int row = lane / 4 + (i < 2 ? 0 : 8);
                int column = lane % 4 * 2 + i % 2;
                double sum = c[row * 8 + column];
                for (int k = 0; k < depth; k++) {
                    sum += a[row * depth + k] * b[k * 8 + column];
                }
                assertEquals((float) sum, Float.intBitsToFloat(y[lane * 4 + i]), "lane " + lane + ", sum " + i);
            }
        }
    }

    private static int twice(float v) {
        int half = Float.floatToFloat16(v) & 0xFFFF;
        return half << 16 | half;
    }

    /** 1 + 16 · 1.5 · 2⁻²⁸ is three quarters of float32's last bit above 1. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void roundsOnce(boolean truncating) {
        String body = "mov.u32 %r20, " + twice(0x1.8p-14f) + ";\nmov.u32 %r21, " + twice(0x1p-14f)
                + ";\nmov.f32 %f20, 0f3F800000;\n"
                + "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f30, %f31, %f32, %f33}, {%r20, %r20, %r20, %r20}, {%r21, %r21}, "
                + "{%f20, %f20, %f20, %f20};\nst.global.f32 [%rd5], %f30;\n";
        try (Bed bed = new Bed(new Watch(true, true, false, truncating))) {
            assertEquals(truncating ? 1 : Math.nextUp(1f), Float.intBitsToFloat(bed.launch(body, 1, 32, 32)[0]));
        }
    }

    /**
     * Sums in float16, whose last bit at 1 is 2⁻¹⁰: three quarters of it; and half of it with 2⁻²⁹ more, which float32 would lose.
     */
    @ParameterizedTest
    @CsvSource({"false,0x1.8p-7,0x1p-8,0x1.8p-7", "true,0x1.8p-7,0x1p-8,0x1.8p-7", "false,0x1p-6,0x1p-8,0x1p-24",
        "true,0x1p-6,0x1p-8,0x1p-24"})
    void roundsHalvesOnce(boolean truncating, float a, float b, float last) {
        String body = "mov.u32 %r22, " + twice(1) + ";\nmov.u32 %r20, " + twice(a) + ";\nmov.u32 %r21, " + twice(b)
                + ";\nmov.u32 %r23, " + twice(last)
                + ";\nmma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%r30, %r31}, {%r20, %r20, %r20, %r23}, {%r21, %r21}, "
                + "{%r22, %r22};\nst.global.u32 [%rd5], %r31;\n";
        try (Bed bed = new Bed(new Watch(true, true, false, truncating))) {
            assertEquals(twice(truncating ? 1 : 0x1.004p0f), bed.launch(body, 1, 32, 32)[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x1", "x2", "x4", "x1.trans", "x2.trans", "x4.trans"})
    void loadsMatrices(String how) {
        int n = how.charAt(1) - '0';
        boolean turned = how.endsWith("trans");
        // Rows of 16 bytes, 8 for each matrix; halves count up.
        int[] x = new int[128];
        for (int i = 0; i < 128; i++) {
            x[i] = 2 * i + 1 << 16 | 2 * i;
        }
        String body = ".shared .align 16 .b8 tile[512];\nmov.u32 %r11, tile;\nshl.b32 %r12, %r1, 4;\nadd.s32 %r13, %r11, %r12;\n"
                + "cvt.u64.u32 %rd9, %r12;\nadd.s64 %rd10, %rd1, %rd9;\nld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%rd10];\n"
                + "st.shared.v4.u32 [%r13], {%r20, %r21, %r22, %r23};\nbar.sync 0;\n"
                + "ldmatrix.sync.aligned.m8n8." + how + ".shared.b16 " + list("%r", 30, n) + ", [%r13];\n"
                + "mul.wide.s32 %rd9, %r1, " + 4 * n + ";\nadd.s64 %rd11, %rd2, %rd9;\n";
        for (int k = 0; k < n; k++) {
            body += "st.global.u32 [%rd11+" + 4 * k + "], %r" + (30 + k) + ";\n";
        }
        int[] y = Bed.run(body, 1, 32, 32 * n, x);
        for (int lane = 0; lane < 32; lane++) {
            for (int k = 0; k < n; k++) {
                for (int h = 0; h < 2; h++) {
                    int row = turned ? lane % 4 * 2 + h : lane / 4;
                    int column = turned ? lane / 4 : lane % 4 * 2 + h;
                    assertEquals(k * 64 + row * 8 + column, y[lane * n + k] >>> 16 * h & 0xFFFF,
                            "lane " + lane + ", matrix " + k);
                }
            }
        }
    }

    /** What a copy is shorter than its target is filled with zeros; one of no bytes may come from anywhere. */
    @ParameterizedTest
    @CsvSource({"16,3", "8,0", "4,0", "0,0"})
    void copiesFillUpWithZeros(int bytes, int last) {
        String from = bytes == 0 ? "mov.u64 %rd9, 0;\n" : "mov.u64 %rd9, %rd1;\n";
        String body = ".shared .align 16 .b8 tile[16];\n" + from + "mov.u32 %r10, " + bytes + ";\nmov.u32 %r11, tile;\n"
                + "setp.ne.s32 %p1, %r1, 0;\n@%p1 bra $A;\n"
                + "cp.async.cg.shared.global [%r11], [%rd9], 16, %r10;\n$A:\ncp.async.wait_all;\n"
                + "ld.shared.v4.u32 {%r20, %r21, %r22, %r23}, [tile];\nst.global.u32 [%rd2], %r20;\nst.global.u32 [%rd2+4], %r23;\n";
        int[] y = Bed.run(body, 1, 32, 2, 9, 1, 2, 3);
        assertEquals(bytes == 0 ? 0 : 9, y[0]);
        assertEquals(last, y[1]);
    }
}
