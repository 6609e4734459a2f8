package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.kernel.KernelSource;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class Bfloat16Test {
    private static final Pattern HALF = Pattern.compile("\\.(?!bf16)\\w*f16");

    @Test
    void conversionsAreReplacedAndNothingElse() {
        assertEquals("""
                {
                \t.reg .pred \t%kerf_p<1>;
                \t.reg .b32 \t%kerf_r<3>;
                \tld.global.u16 \t%rs1, [%rd1];
                \tcvt.u32.u16 \t%kerf_r0, %rs1;
                \tshl.b32 \t%kerf_r0, %kerf_r0, 16;
                \tmov.b32 \t%f1, %kerf_r0;
                \tmov.b32 \t%kerf_r0, %f1;
                \tshr.u32 \t%kerf_r1, %kerf_r0, 16;
                \tand.b32  \t%kerf_r2, %kerf_r1, 1;
                \tadd.s32 \t%kerf_r2, %kerf_r2, %kerf_r0;
                \tadd.s32 \t%kerf_r2, %kerf_r2, 32767;
                \tshr.u32 \t%kerf_r2, %kerf_r2, 16;
                \tor.b32  \t%kerf_r1, %kerf_r1, 64;
                \tsetp.nan.f32 \t%kerf_p0, %f1, %f1;
                \tselp.b32 \t%kerf_r2, %kerf_r1, %kerf_r2, %kerf_p0;
                \tcvt.u16.u32 \t%rs2, %kerf_r2;
                }
                """, Bfloat16.of("""
                {
                \tld.global.u16 \t%rs1, [%rd1];
                \tcvt.f32.f16 %f1, %rs1;
                \tcvt.rn.f16.f32 %rs2, %f1;
                }
                """));
    }

    @Test
    void namesProductsAnew() {
        assertEquals(
                "\tmma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f16, %f2};\n\tcvt.rn.bf16x2.f32 %r1, %f16, %f2;\n",
                Bfloat16.of("\tmma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f16, %f2};\n"
                        + "\tcvt.rn.f16x2.f32 %r1, %f16, %f2;\n"));
    }

    /** Whatever ships for float16 of a kernel that stores bfloat16 too touches halves by these alone. */
    @Test
    void noOtherInstructionKnowsHalves() {
        KernelImages.Chip chip = new KernelImages.Chip(9, 0, 12060, "a GPU");
        int derived = 0;
        for (String kernel : ShippedSets.kernels()) {
            for (TreeMap<String, String> set : ShippedSets.of(kernel)) {
                Map<String, String> other = new TreeMap<>(set);
                other.put(KernelSource.STORAGE, "2");
                if (set.get(KernelSource.STORAGE).equals("1") && ShippedImages.derived(kernel, other)) {
                    String ptx = new String(ShippedImages.find(kernel, other, chip).orElseThrow().bytes(),
                            StandardCharsets.US_ASCII);
                    assertTrue(ptx.contains("%kerf_r"), kernel + " with " + set);
                    assertFalse(HALF.matcher(ptx).find(), kernel + " with " + set);
                    derived++;
                }
            }
        }
        assertTrue(derived > 40, derived + " sets");
    }
}
