package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.check.ptx.machine.Watch;
import dev.kerf.error.BadFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Single instructions give what the PTX ISA says, in the cases that are easily got wrong. */
class InstructionsTest {
    private static int one(String instruction, int... x) {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < x.length; i++) {
            body.append("ld.global.u32 %r").append(20 + i).append(", [%rd1+").append(4 * i).append("];\n");
        }
        return Bed.run(body + instruction + ";\nst.global.u32 [%rd5], %r10;\n", 1, 1, 1, x)[0];
    }

    private static float floating(String instruction, float... x) {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < x.length; i++) {
            body.append("ld.global.f32 %f").append(20 + i).append(", [%rd1+").append(4 * i).append("];\n");
        }
        return Bed.run(body + instruction + ";\nst.global.f32 [%rd5], %f10;\n", 1, x)[0];
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "shl.b32 %r10, %r20, %r21 | 1 | 31 | -2147483648",
        "shl.b32 %r10, %r20, %r21 | 1 | 32 | 0",
        "shr.u32 %r10, %r20, %r21 | -1 | 40 | 0",
        "shr.s32 %r10, %r20, %r21 | -8 | 1 | -4",
        "shr.s32 %r10, %r20, %r21 | -8 | 99 | -1",
        "div.s32 %r10, %r20, %r21 | -7 | 2 | -3",
        "div.u32 %r10, %r20, %r21 | -1 | 2 | 2147483647",
        "rem.s32 %r10, %r20, %r21 | -7 | 2 | -1",
        "min.u32 %r10, %r20, %r21 | -1 | 3 | 3",
        "max.s32 %r10, %r20, %r21 | -1 | 3 | 3",
        "mul.hi.s32 %r10, %r20, %r21 | -1 | 5 | -1",
        "mul.hi.u32 %r10, %r20, %r21 | -1 | 5 | 4",
        "mul.lo.s32 %r10, %r20, %r21 | 65537 | 65537 | 131073",
        "popc.b32 %r10, %r20 | 255 | 0 | 8",
        "not.b32 %r10, %r20 | 5 | 0 | -6",
        "prmt.b32 %r10, %r20, %r21, 21520 | 305419896 | -1698898192 | -554674568",
        "prmt.b32 %r10, %r20, %r21, 13055 | 305419896 | -1698898192 | 305463295",
        "lop3.b32 %r10, %r20, %r21, %r20, 60 | 12 | 10 | 6",
        "bfi.b32 %r10, %r20, %r21, 5, 27 | -1 | 7 | -25",
        "bfi.b32 %r10, %r20, %r21, 4, 8 | 4660 | -1 | -3249",
        "bfi.b32 %r10, %r20, %r21, 32, 8 | 4660 | 9 | 9",
        "bfi.b32 %r10, %r20, %r21, 0, 40 | 4660 | 9 | 4660",
        "dp2a.lo.u32.u32 %r10, %r20, %r21, 7 | 196613 | 513 | 18",
        "cvt.s32.s8 %r10, %r20 | 255 | 0 | -1",
        "cvt.u32.u8 %r10, %r20 | 511 | 0 | 255"})
    void integers(String instruction, int a, int b, int expected) {
        assertEquals(expected, one(instruction, a, b));
    }

    @Test
    void bits16() {
        assertEquals(65535, one("cvt.u16.u32 %rs1, %r20;\ncvt.u32.u16 %r10, %rs1", -1));
        assertEquals(65535 * 2, one("cvt.u16.u32 %rs1, %r20;\ncvt.u16.u32 %rs2, %r21;\nmul.wide.u16 %r10, %rs1, %rs2", -1, 2));
        assertEquals(1, one("cvt.u16.u32 %rs1, %r20;\nsetp.lt.s16 %p1, %rs1, 0;\nselp.b32 %r10, 1, 0, %p1", -1));
        assertEquals(0, one("cvt.u16.u32 %rs1, %r20;\nsetp.lt.u16 %p1, %rs1, 0;\nselp.b32 %r10, 1, 0, %p1", -1));
    }

    @Test
    void longs() {
        assertEquals(-2, one("mul.wide.s32 %rd9, %r20, %r21;\nshr.s64 %rd10, %rd9, 32;\ncvt.u32.u64 %r10, %rd10", 1 << 31, 4));
        assertEquals(2, one("mul.wide.u32 %rd9, %r20, %r21;\nshr.u64 %rd10, %rd9, 32;\ncvt.u32.u64 %r10, %rd10", 1 << 31, 4));
        assertEquals(0xABCD, one("mov.b64 %rd9, {%r20, %r21};\nmov.b64 {%r11, %r10}, %rd9", 1, 0xABCD));
        assertEquals(0x00340000, one("mov.b64 %rd9, {%r20, %r21};\nmov.u64 %rd10, 0;\nbfi.b64 %rd11, %rd9, %rd10, 16, 8;\n"
                + "cvt.u32.u64 %r10, %rd11", 0x1234, 0));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "max.f32 %f10, %f20, %f21 | NaN | 2 | 2",
        "min.f32 %f10, %f20, %f21 | 2 | NaN | 2",
        "copysign.f32 %f10, %f20, %f21 | -1 | 3 | -3",
        "neg.f32 %f10, %f20 | 0 | 0 | -0.0",
        "cvt.rzi.f32.f32 %f10, %f20 | -1.5 | 0 | -1",
        "cvt.rmi.f32.f32 %f10, %f20 | -1.5 | 0 | -2",
        "cvt.rpi.f32.f32 %f10, %f20 | -1.5 | 0 | -1",
        "cvt.rni.f32.f32 %f10, %f20 | 2.5 | 0 | 2",
        "cvt.sat.f32.f32 %f10, %f20 | 1.5 | 0 | 1",
        "cvt.sat.f32.f32 %f10, %f20 | NaN | 0 | 0",
        "rcp.approx.ftz.f32 %f10, %f20 | 1e-40 | 0 | Infinity",
        "ex2.approx.ftz.f32 %f10, %f20 | -130 | 0 | 0",
        "ex2.approx.ftz.f32 %f10, %f20 | 10 | 0 | 1024",
        "sqrt.rn.f32 %f10, %f20 | 2 | 0 | 1.41421354",
        "cvt.rzi.s32.f32 %r10, %f20 / cvt.rn.f32.s32 %f10, %r10 | 1e20 | 0 | 2147483648",
        "cvt.rzi.s32.f32 %r10, %f20 / cvt.rn.f32.s32 %f10, %r10 | NaN | 0 | 0",
        "cvt.rzi.u32.f32 %r10, %f20 / cvt.rn.f32.u32 %f10, %r10 | -5 | 0 | 0",
        "cvt.rn.f16.f32 %rs1, %f20 / cvt.f32.f16 %f10, %rs1 | 65504 | 0 | 65504",
        "cvt.rn.f16.f32 %rs1, %f20 / cvt.f32.f16 %f10, %rs1 | 1.00048828125 | 0 | 1",
        "cvt.rn.bf16.f32 %rs1, %f20 / cvt.f32.bf16 %f10, %rs1 | 1.01171875 | 0 | 1.015625",
        "cvt.rna.tf32.f32 %r10, %f20 / mov.b32 %f10, %r10 | 1.00048828125 | 0 | 1.0009765625",
        "cvt.rn.f16x2.f32 %r10, %f20, %f21 / shr.u32 %r11, %r10, 16 / cvt.u16.u32 %rs1, %r11 / cvt.f32.f16 %f10, %rs1 | 3 | 5 | 3"})
    void floats(String instruction, float a, float b, float expected) {
        assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(floating(instruction.replace(" / ", ";\n"), a, b)),
                instruction);
    }

    /** A comparison with {@code u} holds where a number is none. */
    @ParameterizedTest
    @CsvSource({"lt,1,2,1", "lt,NaN,2,0", "ltu,NaN,2,1", "ge,NaN,2,0", "geu,NaN,2,1", "gtu,1,2,0", "leu,1,2,1", "ne,NaN,2,0",
        "neu,NaN,2,1", "ne,1,2,1", "equ,NaN,2,1", "eq,2,2,1", "num,1,2,1", "nan,NaN,2,1", "nan,1,2,0", "num,1,NaN,0"})
    void comparisons(String how, float a, float b, int expected) {
        assertEquals(expected,
                floating("setp." + how + ".f32 %p1, %f20, %f21;\nselp.f32 %f10, 0f3F800000, 0f00000000, %p1", a, b));
    }

    @Test
    void comparisonsJoinAPredicate() {
        assertEquals(10,
                one("setp.lt.s32 %p1, %r20, %r21;\nsetp.lt.and.s32 %p2|%p3, %r20, 3, %p1;\nselp.b32 %r11, 10, 0, %p2;\n"
                        + "selp.b32 %r12, 5, 0, %p3;\nadd.s32 %r10, %r11, %r12", 1, 2));
        assertEquals(5, one("setp.lt.s32 %p1, %r20, %r21;\nsetp.lt.and.s32 %p2|%p3, %r20, 3, %p1;\nselp.b32 %r11, 10, 0, %p2;\n"
                + "selp.b32 %r12, 5, 0, %p3;\nadd.s32 %r10, %r11, %r12", 4, 9));
    }

    @Test
    void shuffles() {
        String body = "shfl.sync.%s.b32 %%r10|%%p1, %%r1, %d, %d, -1;\nselp.b32 %%r11, 100, 0, %%p1;\nadd.s32 %%r10, %%r10, %%r11;\n"
                + "st.global.u32 [%%rd5], %%r10;\n";
        int[] down = Bed.run(body.formatted("down", 4, 31), 1, 32, 32);
        assertEquals(104, down[0]);
        assertEquals(29, down[29]);
        int[] up = Bed.run(body.formatted("up", 4, 0), 1, 32, 32);
        assertEquals(3, up[3]);
        assertEquals(100, up[4]);
        assertEquals(105, Bed.run(body.formatted("bfly", 4, 31), 1, 32, 32)[1]);
        // Segments of eight lanes.
        int[] parts = Bed.run(body.formatted("idx", 3, 31 | 24 << 8), 1, 32, 32);
        assertEquals(103, parts[7]);
        assertEquals(119, parts[16]);
    }

    @Test
    void votes() {
        String body = "setp.lt.s32 %p1, %r1, 3;\nvote.sync.ballot.b32 %r10, %p1, -1;\nvote.sync.any.pred %p2, %p1, -1;\n"
                + "vote.sync.all.pred %p3, %p1, -1;\nselp.b32 %r11, 16, 0, %p2;\nselp.b32 %r12, 32, 0, %p3;\n"
                + "add.s32 %r10, %r10, %r11;\nadd.s32 %r10, %r10, %r12;\nst.global.u32 [%rd5], %r10;\n";
        assertEquals(7 + 16, Bed.run(body, 1, 32, 32)[31]);
    }

    @Test
    void atomicChanges() {
        String body = "atom.global.%s %%r10, [%%rd1], %%r1;\nbar.sync 0;\nld.global.u32 %%r11, [%%rd1];\nst.global.u32 [%%rd5], %%r11;\n";
        assertEquals(5 + 31 * 16, Bed.run(body.formatted("add.u32"), 1, 32, 32, 5)[0]);
        assertEquals(31, Bed.run(body.formatted("max.s32"), 1, 32, 32, -5)[0]);
        assertEquals(0, Bed.run(body.formatted("min.u32"), 1, 32, 32, -5)[0]);
    }

    /** Blocks on several threads lose nothing; what nobody has written starts at −1. */
    @Test
    void atomicChangesOfManyBlocks() {
        try (Bed bed = new Bed(new Watch(true, false, false, false))) {
            assertEquals(-1 + 200 * 32, bed.launch("red.global.add.u32 [%rd2], 1;\n", 200, 32, 1)[0]);
        }
    }

    @Test
    void vectorsOfMemory() {
        String body = "shl.b32 %r10, %r1, 4;\ncvt.u64.u32 %rd9, %r10;\nadd.s64 %rd10, %rd1, %rd9;\n"
                + "ld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%rd10];\nadd.s64 %rd11, %rd2, %rd9;\n"
                + "st.global.v2.u32 [%rd11], {%r23, %r22};\nst.global.v2.u32 [%rd11+8], {%r21, %r20};\n";
        int[] y = Bed.run(body, 1, 32, 128, Bed.upTo(128));
        assertArrayEquals(new int[] {3, 2, 1, 0, 7}, java.util.Arrays.copyOf(y, 5));
    }

    @Test
    void whatIsntKnownIsAnError() {
        String message = assertThrows(BadFileException.class, () -> Bed.run("tanh.approx.f32 %f1, %f2;\n", 1, 32, 32))
                .getMessage();
        assertTrue(message.contains("tanh.approx.f32") && message.contains("line"), message);
        assertThrows(BadFileException.class, () -> Bed.run("bra $NOWHERE;\n", 1, 32, 32));
    }

    /** Types, modifiers, registers and numbers that look like others must not pass for them. */
    @ParameterizedTest
    @ValueSource(strings = {"add.f16 %rs1, %rs2, %rs3", "add.rn.bf16 %rs1, %rs2, %rs3", "sub.f16x2 %r10, %r11, %r12",
        "mul.bf16x2 %r10, %r11, %r12", "neg.f16 %rs1, %rs2", "abs.bf16x2 %r10, %r11", "max.f16 %rs1, %rs2, %rs3",
        "add.sat.s32 %r10, %r11, %r12", "add.cc.u32 %r10, %r11, %r12", "sub.cc.s64 %rd9, %rd10, %rd11",
        "mad.lo.cc.u32 %r10, %r11, %r12, %r13", "mul.hi.s64 %rd9, %rd10, %rd11", "sad.wide.s32 %rd9, %r10, %r11",
        "andn.pred %p1, %p2, %p3", "setp.lt.f16 %p1, %rs1, %rs2", "setp.eq.bf16 %p1, %rs1, %rs2",
        "setp.lt.f16x2 %p1|%p2, %r10, %r11", "setp.lt.ftz.f32 %p1, %f1, %f2", "setp.lt.and.ftz.f32 %p1, %f1, %f2, %p3",
        "setp.lt.f64 %p1, %rd9, %rd10", "setp.lt.s8 %p1, %rs1, %rs2", "setp.lt.nand.s32 %p1, %r1, %r2, %p3",
        "setp.lt %p1, %r1, %r2",
        "cvt.sat.f32.f16 %f1, %rs1", "cvt.sat.f32.bf16 %f1, %rs1", "cvt.u32.f16x2 %r10, %r11", "cvt.sat.s32.s64 %r10, %rd9",
        "cvt.u32 %r10, %r11", "cvt %r10, %r11", "cvt.rzi.ftz.s32.f32 %r10, %f1", "mov.b128 %rd9, %rd10",
        "cvta.param.u64 %rd9, %rd10", "shfl.sync.over.b32 %r10, %r1, 1, 31, -1", "vote.sync.none.pred %p1, %p2, -1",
        "ld.global.b128 %rd9, [%rd1]", "ld.local.b128 %rd9, [%rd1]", "ld.const.u32 %r10, [%rd1]",
        "atom.global.add.f16x2 %r10, [%rd1], %r11", ".const .align 4 .b8 table[4]",
        "mov.u32 %r10, %clock", "mov.u32 %r10, %tid.w", "mov.u32 %r10, %tid", "mov.u32 %r10, %r99", "mov.u32 %r10, %laneid.x",
        "mov.u64 %rd9, %tid.x", "add.s32 %r1, %r2, nothing", "add.f32 %f1, %f2, nothing", "add.f32 %f1, %f2, 0F3F80000G",
        "add.f32 %f1, %f2, 0f3F8", "add.f32 %f1, %f2, 1", "add.f32 %f1, %f2, NaN", "add.f64 %rd9, %rd10, 0d3F"})
    void whatOnlyLooksKnownIsAnError(String instruction) {
        assertThrows(BadFileException.class, () -> Bed.run(instruction + ";\n", 1, 32, 32));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0f3FC00000", "0F3FC00000", "0x3fc00000", "1.5", "15.e-1"})
    void numbers(String number) {
        assertEquals(2, floating("add.f32 %f10, %f20, " + number, 0.5f));
    }

    /** NaN is 0 in 32 bits and the highest bit in 64 (PTX ISA 9.0, cvt). */
    @ParameterizedTest
    @CsvSource({"s64,NaN,8000000000000000", "u64,NaN,8000000000000000", "s64,-Infinity,8000000000000000",
        "s64,1e30,7fffffffffffffff", "u64,1e30,ffffffffffffffff", "u64,-3,0", "u64,0x1.8p63,c000000000000000",
        "s64,-3.7,fffffffffffffffd",
        "u64,3.7,3"})
    void floatsToLongs(String type, float v, String expected) {
        String body = "ld.global.f32 %f20, [%rd1];\ncvt.rzi." + type + ".f32 %rd9, %f20;\nst.global.u64 [%rd2], %rd9;\n";
        int[] y = Bed.run(body, 1, 1, 2, Float.floatToRawIntBits(v));
        assertEquals(expected, Long.toHexString((long) y[1] << 32 | y[0] & 0xFFFFFFFFL));
    }

    /** An exchange gives and takes what registers of any kind hold. */
    @Test
    void exchangesFloats() {
        String body = "ld.global.f32 %f20, [%rd1+4];\natom.global.exch.b32 %f10, [%rd1], %f20;\nst.global.f32 [%rd2], %f10;\n"
                + "ld.global.u32 %r10, [%rd1];\nst.global.u32 [%rd2+4], %r10;\n";
        assertArrayEquals(new int[] {7, 9}, Bed.run(body, 1, 1, 2, 7, 9));
    }
}
