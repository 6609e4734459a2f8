package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.DeviceException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of four warps (wgmma) against plain sums, and what is said of those that miss a fence, a barrier or a wait. */
class GroupProductsTest {
    private static final int COLUMNS = 16;
    private static final int DEPTH = 32;

    /** 64 rows, of which each warp has 16 in registers, twice by 16 columns: of the first 16 terms, then of the next. */
    private static final String BODY = """
            .shared .align 1024 .b8 tile[2048];
            mov.u32 %r11, tile;
            shr.u32 %r12, %r1, 3;
            and.b32 %r13, %r1, 7;
            and.b32 %r14, %r12, 7;
            xor.b32 %r15, %r13, %r14;
            shl.b32 %r16, %r12, 7;
            shl.b32 %r17, %r15, 4;
            add.s32 %r18, %r16, %r17;
            add.s32 %r19, %r11, %r18;
            mul.wide.s32 %rd9, %r1, 16;
            add.s64 %rd10, %rd1, %rd9;
            ld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%rd10];
            st.shared.v4.u32 [%r19], {%r20, %r21, %r22, %r23};
            ld.global.v4.u32 {%r24, %r25, %r26, %r27}, [%rd10+2048];
            fence.proxy.async.shared::cta;
            bar.sync 0;
            shr.u32 %r30, %r11, 4;
            cvt.u64.u32 %rd11, %r30;
            or.b64 %rd12, %rd11, 4611686293305360384;
            add.s64 %rd13, %rd12, 2;
            setp.ge.s32 %p1, %r1, 0;
            mov.f32 %f10, 0f3F800000;
            mov.f32 %f11, 0f00000000;
            mov.f32 %f12, 0f00000000;
            mov.f32 %f13, 0f00000000;
            mov.f32 %f14, 0f00000000;
            mov.f32 %f15, 0f00000000;
            mov.f32 %f16, 0f00000000;
            mov.f32 %f17, 0f00000000;
            wgmma.fence.sync.aligned;
            PRODUCT %rd12, %p1, 1, 1, 0;
            PRODUCT %rd13, %p1, 1, 1, 0;
            wgmma.commit_group.sync.aligned;
            wgmma.wait_group.sync.aligned 0;
            mul.wide.s32 %rd14, %r1, 32;
            add.s64 %rd15, %rd2, %rd14;
            st.global.v4.f32 [%rd15], {%f10, %f11, %f12, %f13};
            st.global.v4.f32 [%rd15+16], {%f14, %f15, %f16, %f17};
            """.replace("PRODUCT",
            "wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 {%f10, %f11, %f12, %f13, %f14, %f15, %f16, %f17}, "
                    + "{%r24, %r25, %r26, %r27},");

    private final double[] a = numbers(64 * 16, 1);
    private final double[] b = numbers(COLUMNS * DEPTH, 2);

    private static double[] numbers(int n, long seed) {
        Random random = new Random(seed);
        double[] m = new double[n];
        for (int i = 0; i < n; i++) {
            m[i] = (random.nextInt(257) - 128) / 64.0;
        }
        return m;
    }

    private static int half(double v) {
        return Float.floatToFloat16((float) v) & 0xFFFF;
    }

    /** Columns of 64 terms, of which 32 count, then four registers of rows for each thread. */
    private int[] input() {
        int[] x = new int[1024];
        for (int n = 0; n < COLUMNS; n++) {
            for (int k = 0; k < DEPTH; k++) {
                x[n * 32 + k / 2] |= half(b[n * DEPTH + k]) << k % 2 * 16;
            }
        }
        for (int t = 0; t < 128; t++) {
            for (int i = 0; i < 8; i++) {
                int row = t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8;
                int term = t % 4 * 2 + i % 2 + i / 4 * 8;
                x[512 + 4 * t + i / 2] |= half(a[row * 16 + term]) << i % 2 * 16;
            }
        }
        return x;
    }

    @Test
    void multiplies() {
        int[] y = Bed.run(BODY, 1, 128, 1024, input());
        for (int t = 0; t < 128; t++) {
            for (int i = 0; i < 8; i++) {
                int row = t / 32 * 16 + t % 32 / 4 + i % 4 / 2 * 8;
                int column = i / 4 * 8 + t % 4 * 2 + i % 2;
                double sum = i == 0 ? 1 : 0;
                for (int k = 0; k < DEPTH; k++) {
                    sum += a[row * 16 + k % 16] * b[column * DEPTH + k];
                }
                assertEquals((float) sum, Float.intBitsToFloat(y[8 * t + i]), "thread " + t + ", sum " + i);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"fence.proxy.async.shared::cta,UNFENCED", "wgmma.fence.sync.aligned,UNFENCED", "bar.sync 0,UNINITIALISED"})
    void missesWhatIsLeftOut(String line, String rule) {
        assertFails(rule, BODY.replace(line + ";\n", ""));
    }

    private void assertFails(String rule, String body) {
        assertTrue(BODY.length() != body.length());
        DeviceException e = assertThrows(DeviceException.class, () -> Bed.run(body, 1, 128, 1024, input()));
        assertTrue(e.getMessage().startsWith(rule), e.getMessage());
    }

    /** Columns may not be written before the product was awaited: by another warp, nor by its own. */
    @ParameterizedTest
    @CsvSource({"'',RACE", "'bar.sync 0;\n',RACE"})
    void keepsColumns(String between, String rule) {
        String wait = "wgmma.wait_group";
        assertFails(rule, BODY.replace(wait, between + "st.shared.u32 [%r19], %r1;\n" + wait));
    }

    /** Sums are nothing before they were awaited. */
    @Test
    void awaitsSums() {
        int[] y = Bed.run(BODY.replace("wgmma.wait_group.sync.aligned 0;\n", ""), 1, 128, 1024, input());
        for (int v : y) {
            assertTrue(Float.isNaN(Float.intBitsToFloat(v)));
        }
    }
}
