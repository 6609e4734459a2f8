package dev.kerf.backend.gpu.cuda;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Makes PTX for bfloat16 storage of what was compiled for float16. Kernels touch what is stored in 16 bits by {@code LOAD} and
 * {@code STORE} alone (kernels/dialect.h), which are one instruction each there: the conversion. The two differ
 * in that and in what names its type, products of tensor cores and conversions of two numbers at once, and so one of them ships. A single
 * number is converted by integers, for architectures before sm_80 have no conversion: a bfloat16 is the upper
 * half of a float, rounded to the nearest, ties to even, and NaN stays NaN.
 *
 * <pre>{@code
 * byte[] module = Bfloat16.of(float16Module);
 * }</pre>
 */
final class Bfloat16 {
    private static final String LOAD = "\tcvt.f32.f16 ";
    private static final String STORE = "\tcvt.rn.f16.f32 ";
    /** What names the type of the numbers that it works on. */
    private static final Pattern NAMED = Pattern.compile("(?<=\\.)f16(?=x2\\.f32 |[. ])");
    private static final String REGISTERS = "\t.reg .pred \t%kerf_p<1>;\n\t.reg .b32 \t%kerf_r<3>;\n";

    private Bfloat16() {}

    /** A module in ASCII with other conversions. */
    static byte[] of(byte[] module) {
        return of(new String(module, StandardCharsets.US_ASCII)).getBytes(StandardCharsets.US_ASCII);
    }

    /** PTX with other conversions. */
    static String of(String ptx) {
        StringBuilder out = new StringBuilder(ptx.length() * 5 / 4);
        ptx.lines().forEach(line -> {
            if (line.startsWith(LOAD)) {
                String[] registers = registers(line, LOAD);
                out.append("\tcvt.u32.u16 \t%kerf_r0, ").append(registers[1]).append(";\n\tshl.b32 \t%kerf_r0, %kerf_r0, 16;\n")
                        .append("\tmov.b32 \t").append(registers[0]).append(", %kerf_r0;\n");
            } else if (line.startsWith(STORE)) {
                store(out, registers(line, STORE));
            } else {
                boolean named = line.contains("mma.") || line.contains("cvt.rn.f16x2");
                out.append(named ? NAMED.matcher(line).replaceAll("bf16") : line).append('\n');
                if (line.equals("{")) {
                    out.append(REGISTERS);
                }
            }
        });
        return out.toString();
    }

    private static void store(StringBuilder out, String[] registers) {
        out.append("\tmov.b32 \t%kerf_r0, ").append(registers[1]).append(";\n")
                .append("\tshr.u32 \t%kerf_r1, %kerf_r0, 16;\n")
                .append("\tand.b32  \t%kerf_r2, %kerf_r1, 1;\n")
                .append("\tadd.s32 \t%kerf_r2, %kerf_r2, %kerf_r0;\n")
                .append("\tadd.s32 \t%kerf_r2, %kerf_r2, 32767;\n")
                .append("\tshr.u32 \t%kerf_r2, %kerf_r2, 16;\n")
                .append("\tor.b32  \t%kerf_r1, %kerf_r1, 64;\n")
                .append("\tsetp.nan.f32 \t%kerf_p0, ").append(registers[1]).append(", ").append(registers[1]).append(";\n")
                .append("\tselp.b32 \t%kerf_r2, %kerf_r1, %kerf_r2, %kerf_p0;\n")
                .append("\tcvt.u16.u32 \t").append(registers[0]).append(", %kerf_r2;\n");
    }

    private static String[] registers(String line, String opcode) {
        return line.substring(opcode.length(), line.length() - 1).split(", ");
    }
}
