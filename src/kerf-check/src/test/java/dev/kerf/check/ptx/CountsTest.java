package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is counted, and what a card makes of it. */
class CountsTest {
    @Test
    void instructions() {
        LaunchCounts c = Bed.count("add.f32 %f1, %f1, %f1;\nadd.f32 %f1, %f1, %f1;\nst.global.u32 [%rd5], %r1;\n", 3, 48, 144);
        // Three blocks of two warps, 48 lanes a block.
        assertEquals(12, c.instructions().get("add.f32"));
        assertEquals(6, c.instructions().get("st.global"));
        assertEquals(c.total() / 6 * 3 * 48, c.lanes());
        assertEquals(48, c.threads());
        assertEquals(3, c.blocks());
    }

    /** Lanes whose guard is false don't take part, in a branch neither. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"add.f32 %f1, %f1, %f1;", "bra $A; / $A:"})
    void lanesThatAGuardLeavesOut(String instruction) {
        String compare = "setp.lt.s32 %p1, %r1, 5;\n";
        String body = instruction.replace(" / ", "\n") + "\n";
        long all = Bed.count(compare + body, 1, 32, 32).lanes();
        assertEquals(all - 27, Bed.count(compare + "@%p1 " + body, 1, 32, 32).lanes());
        assertEquals(all - 5, Bed.count(compare + "@!%p1 " + body, 1, 32, 32).lanes());
    }

    /** Numbers in a row take 4 sectors; every second one 8; one for each sector 32. */
    @ParameterizedTest
    @CsvSource({"4,4", "8,8", "32,32", "0,1"})
    void sectors(int stride, long sectors) {
        LaunchCounts c = Bed.count("mul.wide.s32 %rd9, %r1, " + stride + ";\nadd.s64 %rd10, %rd1, %rd9;\n"
                + "ld.global.u32 %r10, [%rd10];\n", 1, 32, 32, Bed.upTo(256));
        assertEquals(sectors, c.sectors());
        assertEquals(128, c.bytes());
    }

    /** A bank serves one word at a time, to all lanes that want it. */
    @ParameterizedTest
    @CsvSource({"4,1", "8,2", "128,32", "0,1", "132,1"})
    void bankConflicts(int stride, long waves) {
        LaunchCounts c = Bed
                .count(".shared .align 4 .b8 tile[4224];\nmul.lo.s32 %r10, %r1, " + stride + ";\nmov.u32 %r11, tile;\n"
                        + "add.s32 %r12, %r11, %r10;\nst.shared.u32 [%r12], %r1;\n", 1, 32, 32);
        assertEquals(waves, c.wavefronts());
        assertEquals(1, c.leastWavefronts());
    }

    /** Quarters of a warp one after another: in rows of 128 bytes all eight lanes of each want the same banks, with a swizzle none do. */
    @ParameterizedTest
    @CsvSource({"false,32", "true,4"})
    void swizzle(boolean swizzled, long waves) {
        String column = swizzled ? "and.b32 %r20, %r1, 7;\nshl.b32 %r21, %r20, 4;\n" : "mov.u32 %r21, 0;\n";
        LaunchCounts c = Bed.count(".shared .align 16 .b8 tile[4096];\n" + column
                + "shl.b32 %r10, %r1, 7;\nmov.u32 %r11, tile;\n"
                + "add.s32 %r12, %r11, %r10;\nadd.s32 %r12, %r12, %r21;\nst.shared.v4.u32 [%r12], {%r1, %r1, %r1, %r1};\n", 1,
                32, 32);
        assertEquals(waves, c.wavefronts());
        assertEquals(4, c.leastWavefronts());
    }

    @Test
    void wavesOfACard() {
        Card h100 = Card.of("h100");
        assertEquals(8, h100.resident(256, 0, 0));
        assertEquals(2, h100.resident(256, 96 << 10, 0));
        assertEquals(1, h100.resident(256, 0, 140));
        assertEquals(2, h100.resident(256, 0, 105));
        assertEquals(1, h100.waves(132, 256, 0, 140));
        assertEquals(2, h100.waves(133, 256, 0, 140));
        assertEquals(0, h100.waves(1, 256, 300 << 10, 0));
        assertEquals(16, Card.of("t4").resident(64, 0, 0));
        assertTrue(assertThrows(BadInputException.class, () -> Card.of("b999")).getMessage().contains("rtx4090"));
    }
}
