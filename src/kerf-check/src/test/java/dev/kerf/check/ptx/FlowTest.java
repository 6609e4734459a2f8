package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Lanes part and meet again. */
class FlowTest {
    private static int[] each(java.util.function.IntUnaryOperator f) {
        int[] y = new int[48];
        Arrays.setAll(y, f);
        return y;
    }

    @Test
    void branches() {
        String body = """
                setp.lt.s32 %p1, %r4, 10;
                @%p1 bra $LESS;
                and.b32 %r11, %r4, 1;
                setp.eq.s32 %p2, %r11, 0;
                mov.u32 %r10, 3;
                @%p2 bra $MEET;
                mov.u32 %r10, 2;
                bra.uni $MEET;
                $LESS:
                mov.u32 %r10, 1;
                $MEET:
                st.global.u32 [%rd5], %r10;
                """;
        assertArrayEquals(each(i -> i < 10 ? 1 : i % 2 == 0 ? 3 : 2), Bed.run(body, 1, 48, 48));
    }

    /** Each lane goes round as often as its number says, half of the rounds by another way. */
    @Test
    void loops() {
        String body = """
                mov.u32 %r10, 0;
                mov.u32 %r11, 0;
                $LOOP:
                setp.ge.s32 %p1, %r11, %r4;
                @%p1 bra $DONE;
                and.b32 %r12, %r11, 1;
                setp.eq.s32 %p2, %r12, 0;
                @%p2 bra $EVEN;
                add.s32 %r10, %r10, 100;
                bra.uni $NEXT;
                $EVEN:
                add.s32 %r10, %r10, 1;
                $NEXT:
                add.s32 %r11, %r11, 1;
                bra.uni $LOOP;
                $DONE:
                st.global.u32 [%rd5], %r10;
                """;
        assertArrayEquals(each(i -> i / 2 * 100 + (i + 1) / 2), Bed.run(body, 1, 48, 48));
    }

    /** Leaving a loop in its middle, and the kernel from within one. */
    @Test
    void returnsFromALoop() {
        String body = """
                mov.u32 %r11, 0;
                $LOOP:
                st.global.u32 [%rd5], %r11;
                setp.eq.s32 %p1, %r11, %r4;
                @%p1 ret;
                add.s32 %r11, %r11, 1;
                setp.gt.s32 %p2, %r11, 20;
                @%p2 bra $OUT;
                bra.uni $LOOP;
                $OUT:
                st.global.u32 [%rd5], 99;
                """;
        assertArrayEquals(each(i -> i <= 20 ? i : 99), Bed.run(body, 1, 48, 48));
    }

    /** Lanes meet as soon as they can: what follows the branch is run once, for all. */
    @Test
    void meetsAtThePostDominator() {
        String body = "and.b32 %r10, %r4, 1;\nsetp.eq.s32 %p1, %r10, 0;\nmov.u32 %r11, 1;\n@%p1 bra $A;\nmov.u32 %r11, 2;\n"
                + "$A:\nst.global.u32 [%rd5], %r11;\n";
        LaunchCounts c = Bed.count(body, 1, 32, 32);
        assertEquals(1, c.instructions().get("st.global"));
        assertArrayEquals(each(i -> i % 2 == 0 ? 1 : 2), Bed.run(body, 1, 48, 48));
    }

    @Test
    void predicatesAndNegation() {
        String body = "setp.lt.s32 %p1, %r4, 5;\nsetp.gt.s32 %p2, %r4, 2;\nand.pred %p3, %p1, %p2;\nmov.u32 %r10, 0;\n"
                + "@%p3 mov.u32 %r10, 1;\nnot.pred %p4, %p1;\n@%p4 mov.u32 %r10, 2;\n@!%p2 mov.u32 %r10, 3;\n"
                + "st.global.u32 [%rd5], %r10;\n";
        assertArrayEquals(each(i -> i <= 2 ? 3 : i < 5 ? 1 : 2), Bed.run(body, 1, 48, 48));
    }

    /** The same bits from any order of blocks. */
    @Test
    void manyBlocks() {
        assertArrayEquals(Bed.upTo(960), Bed.run("st.global.u32 [%rd5], %r4;\n", 30, 32, 960));
    }
}
