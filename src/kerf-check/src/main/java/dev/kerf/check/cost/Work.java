package dev.kerf.check.cost;

import java.util.Map;

/**
 * Instructions of warps by what works on them. What PTX says in one instruction takes a machine several, or none: numbers of 64 bits are
 * made of two of 32, a division is a program, moves and names of addresses disappear when registers are given out.
 *
 * @param slots  instructions to be issued
 * @param fp32   float multiply-adds, sums and products
 * @param int32  whole numbers, comparisons and choices
 * @param sfu    roots, exponentials, reciprocals, conversions between floats and whole numbers
 * @param tensor multiply-adds of tensor cores, in those of float16
 */
record Work(double slots, double fp32, double int32, double sfu, double tensor) {
    private static final int DIVISION = 20;
    /**
     * What a product of wgmma takes of tensor cores for one of mma.sync, which reaches 63 % of an H100's 2048 multiply-adds in a cycle: of
     * these 763 to 808 TFLOP/s, as measured (github.com/pranjalssh/fast.cu), are 73 %.
     */
    private static final double WGMMA = 0.86;

    static Work of(Map<String, Long> instructions) {
        Work sum = new Work(0, 0, 0, 0, 0);
        for (Map.Entry<String, Long> e : instructions.entrySet()) {
            sum = sum.plus(one(e.getKey().split("\\.")), e.getValue());
        }
        return sum;
    }

    private Work plus(Work w, double n) {
        return new Work(slots + n * w.slots, fp32 + n * w.fp32, int32 + n * w.int32, sfu + n * w.sfu, tensor + n * w.tensor);
    }

    /** One instruction of a kind, such as {@code fma.f32}, {@code ld.global} or {@code mma.m16n8k16.f16}. */
    private static Work one(String[] kind) {
        String type = kind[kind.length - 1];
        boolean wide = type.endsWith("64");
        boolean real = type.equals("f32") || type.equals("f16") || type.equals("bf16");
        double pair = wide ? 2 : 1;
        return switch (kind[0]) {
            case "mov", "cvta" -> new Work(0, 0, 0, 0, 0);
            case "ld", "st", "atom", "red", "cp", "ldmatrix", "bar", "barrier", "bra", "ret", "exit", "shfl", "vote",
                    "membar" ->
                new Work(type.equals("param") ? 0 : 1, 0, 0, 0, 0);
            case "fma" -> new Work(1, 1, 0, 0, 0);
            case "add", "sub", "mul", "mad", "neg", "abs" -> {
                double parts = wide && kind[0].startsWith("m") ? 4 : pair;
                yield real ? new Work(1, 1, 0, 0, 0) : new Work(parts, 0, parts, 0, 0);
            }
            case "div", "rem" -> real
                    ? new Work(DIVISION / 2.0, DIVISION / 2.0 - 1, 0, 1, 0)
                    : new Work(DIVISION * pair * pair, 0, DIVISION * pair * pair, 0, 0);
            case "and", "or", "xor", "not" -> type.equals("pred") ? new Work(0, 0, 0, 0, 0) : new Work(pair, 0, pair, 0, 0);
            case "ex2", "lg2", "rcp", "rsqrt", "sqrt", "sin", "cos", "tanh" -> new Work(1, 0, 0, 1, 0);
            case "cvt" -> real ? new Work(1, 0, 0, 1, 0) : new Work(1, 0, 1, 0, 0);
            case "mma" -> new Work(1, 0, 0, 0, products(kind[1]) * (type.equals("tf32") ? 2 : 1));
            case "wgmma" -> new Work(1, 0, 0, 0, kind.length == 2 ? 0 : WGMMA * products(kind[1]) / 4);
            default -> new Work(pair, 0, pair, 0, 0);
        };
    }

    /** Of {@code m16n8k16}: 2048. */
    private static double products(String shape) {
        double all = 1;
        for (String extent : shape.substring(1).split("[nk]")) {
            all *= Integer.parseInt(extent);
        }
        return all;
    }
}
