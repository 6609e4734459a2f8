package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.check.ptx.machine.Rule;
import dev.kerf.check.ptx.machine.Watch;
import dev.kerf.error.DeviceException;
import org.junit.jupiter.api.Test;

/** Each rule finds a bug of its kind, names it and its line, and lets the kernel without the bug pass. */
class RulesTest {
    private static final String TILE = ".shared .align 16 .b8 tile[512];\n";

    /** Threads turn 64 numbers around by way of shared memory. */
    private static final String TURN = TILE + """
            ld.global.u32 %r10, [%rd4];
            mov.u32 %r11, tile;
            shl.b32 %r12, %r1, 2;
            add.s32 %r13, %r11, %r12;
            st.shared.u32 [%r13], %r10;
            bar.sync 0;
            sub.s32 %r14, 63, %r1;
            shl.b32 %r15, %r14, 2;
            add.s32 %r16, %r11, %r15;
            ld.shared.u32 %r17, [%r16];
            st.global.u32 [%rd5], %r17;
            """;

    /** Two stages of copies: the first must have arrived, the second may be under way. */
    private static final String COPY = TILE + """
            mov.u32 %r11, tile;
            shl.b32 %r12, %r1, 2;
            add.s32 %r13, %r11, %r12;
            cp.async.ca.shared.global [%r13], [%rd4], 4;
            cp.async.commit_group;
            cp.async.ca.shared.global [%r13+128], [%rd4+128], 4;
            cp.async.commit_group;
            cp.async.wait_group 1;
            bar.sync 0;
            ld.shared.u32 %r17, [%r13];
            cp.async.wait_group 0;
            bar.sync 0;
            ld.shared.u32 %r18, [%r13+128];
            add.s32 %r19, %r17, %r18;
            st.global.u32 [%rd5], %r19;
            """;

    private static void finds(Rule rule, String line, String body, int threads) {
        DeviceException e = assertThrows(DeviceException.class,
                () -> Bed.run(body, 1, threads, threads, Bed.upTo(96)));
        assertTrue(e.getMessage().startsWith(rule.name()), e.getMessage());
        assertTrue(e.getMessage().contains("(" + line) && e.getMessage().contains("kernel k"), e.getMessage());
        assertEquals(rule.ordinal() + 1, e.status());
    }

    @Test
    void whatIsRightPasses() {
        int[] turned = Bed.run(TURN, 1, 64, 64, Bed.upTo(64));
        assertEquals(63, turned[0]);
        assertEquals(0, turned[63]);
        int[] copied = Bed.run(COPY, 1, 32, 32, Bed.upTo(64));
        assertEquals(32 + 2 * 5, copied[5]);
    }

    /** What is read there was written before, or hasn't been yet: either is seen. */
    @Test
    void raceWithoutABarrier() {
        String body = TURN.replace("bar.sync 0;\n", "");
        finds(Rule.UNINITIALISED, "ld.shared.u32 %r17", body, 64);
        finds(Rule.RACE, "st.shared.u32 [%r13], %r10",
                body.replace("st.shared", "st.shared.u32 [%r13], 0;\nbar.sync 0;\nst.shared"),
                64);
    }

    /** One warp alone needs none: its lanes run together. */
    @Test
    void oneWarpNeedsNoBarrier() {
        int[] y = Bed.run(TURN.replace("bar.sync 0;\n", "").replace("63, %r1", "31, %r1"), 1, 32, 32, Bed.upTo(32));
        assertEquals(31, y[0]);
    }

    @Test
    void raceOfAWriteAfterARead() {
        finds(Rule.RACE, "ld.shared.u32 %r17", TURN + "st.shared.u32 [%r13], %r17;\n", 64);
        Bed.run(TURN + "bar.sync 0;\nst.shared.u32 [%r13], %r17;\n", 1, 64, 64, Bed.upTo(64));
    }

    @Test
    void raceOfTwoWrites() {
        finds(Rule.RACE, "st.shared.u32 [tile]", TILE + "st.shared.u32 [tile], %r1;\n", 64);
    }

    @Test
    void atomicChangesAreNoRace() {
        String body = TILE + """
                setp.eq.s32 %p1, %r1, 0;
                @%p1 st.shared.u32 [tile], 0;
                bar.sync 0;
                atom.shared.add.u32 %r10, [tile], %r1;
                bar.sync 0;
                ld.shared.u32 %r11, [tile];
                st.global.u32 [%rd5], %r11;
                """;
        assertEquals(63 * 64 / 2, Bed.run(body, 1, 64, 64)[40]);
        finds(Rule.RACE, "atom.shared.add.u32 %r10", body.replace("%r1;\nbar.sync 0;", "%r1;"), 64);
        finds(Rule.RACE, "atom.shared.add.u32 %r10", body.replaceFirst("bar.sync 0;\n", ""), 64);
        assertEquals(31 * 32 / 2, Bed.run(body.replace("bar.sync 0;\n", ""), 1, 32, 32)[9]);
    }

    /** A plain write among other warps' atomic changes disturbs them; a warp's own don't. */
    @Test
    void raceOfAWriteAndAtomicChanges() {
        String body = TILE + "setp.gt.s32 %p1, %r1, 31;\n@!%p1 st.shared.u32 [tile], 0;\nbar.sync 0;\n"
                + "atom.shared.add.u32 %r10, [tile], 1;\n";
        String after = body + "@!%p1 st.shared.u32 [tile], 0;\n";
        Bed.run(after + "st.global.u32 [%rd5], 0;\n", 1, 32, 32);
        finds(Rule.RACE, "atom.shared.add.u32 %r10", after, 64);
        finds(Rule.RACE, "@%p1 st.shared.u32 [tile], 0", body + "@%p1 st.shared.u32 [tile], 0;\n", 64);
    }

    @Test
    void divergentBarrierWithinAWarp() {
        String body = "setp.lt.s32 %p1, %r1, 16;\n@%p1 bra $A;\nbar.sync 0;\n$A:\nst.global.u32 [%rd5], %r1;\n";
        finds(Rule.DIVERGENT_BARRIER, "bar.sync 0)", body, 32);
    }

    @Test
    void divergentBarrierBetweenWarps() {
        String body = "setp.lt.s32 %p1, %r1, 32;\n@%p1 bra $A;\nbar.sync 0;\nbra.uni $B;\n$A:\nbar.sync 0;\n$B:\n"
                + "st.global.u32 [%rd5], %r1;\n";
        finds(Rule.DIVERGENT_BARRIER, "bar.sync 0)", body, 64);
    }

    /** Who has returned need not come. */
    @Test
    void barrierAfterSomeHaveReturned() {
        int[] y = Bed.run("setp.gt.s32 %p1, %r1, 40;\nst.global.u32 [%rd5], %r1;\n@%p1 ret;\nbar.sync 0;\n"
                + "st.global.u32 [%rd5], 7;\n", 1, 64, 64);
        assertEquals(7, y[40]);
        assertEquals(41, y[41]);
    }

    @Test
    void readOfAPendingCopy() {
        finds(Rule.PENDING_COPY, "ld.shared.u32 %r17", COPY.replace("wait_group 1", "wait_group 2"), 32);
        finds(Rule.PENDING_COPY, "ld.shared.u32 %r18", COPY.replace("wait_group 0", "wait_group 1"), 32);
    }

    @Test
    void writeOverAPendingCopy() {
        finds(Rule.PENDING_COPY, "st.shared.u32 [%r13]", COPY.replace("cp.async.wait_group 1;",
                "st.shared.u32 [%r13], 1;\ncp.async.wait_group 1;"), 32);
    }

    /** A wait holds for the waiting warp's copies alone: others need a barrier behind it. */
    @Test
    void copyOfAnotherWarp() {
        String body = COPY.replace("add.s32 %r13, %r11, %r12;", "add.s32 %r13, %r11, %r12;\nand.b32 %r30, %r12, 127;\n"
                + "add.s32 %r31, %r11, %r30;").replace("[%r13+128]", "[%r13+256]").replace("%r17, [%r13]", "%r17, [%r31]");
        assertEquals(5 + 32 + 37, Bed.run(body, 1, 64, 64, Bed.upTo(96))[37]);
        finds(Rule.RACE, "ld.shared.u32 %r17", body.replaceFirst("bar.sync 0;\n", ""), 64);
    }

    /** Who leaves copies under way at a block's end has broken no rule, and the next block finds nothing of them. */
    @Test
    void copiesThatNobodyAwaits() {
        int blocks = Runtime.getRuntime().availableProcessors() + 1; // so that one worker runs two
        String body = TILE + """
                mov.u32 %r11, tile;
                shl.b32 %r12, %r1, 2;
                add.s32 %r13, %r11, %r12;
                st.shared.u32 [%r13], %r4;
                ld.shared.u32 %r14, [%r13];
                st.global.u32 [%rd5], %r14;
                cp.async.ca.shared.global [%r13], [%rd1], 4;
                """;
        assertArrayEquals(Bed.upTo(32 * blocks), Bed.run(body, blocks, 32, 32 * blocks, 1));
    }

    @Test
    void outsideGlobalMemory() {
        finds(Rule.OUTSIDE_MEMORY, "ld.global.u32", "ld.global.u32 %r10, [%rd4+384];\nst.global.u32 [%rd5], %r10;\n", 32);
        finds(Rule.OUTSIDE_MEMORY, "ld.global.u32", "ld.global.u32 %r10, [%rd4+-4];\nst.global.u32 [%rd5], %r10;\n", 32);
        finds(Rule.OUTSIDE_MEMORY, "st.global.u32", "st.global.u32 [%rd5+4], %r1;\n", 32);
        finds(Rule.OUTSIDE_MEMORY, "st.global.u32", "mov.u64 %rd9, 0;\nst.global.u32 [%rd9], %r1;\n", 32);
    }

    /** Lanes that don't take part may have any address. */
    @Test
    void outsideButNotTaken() {
        int[] y = Bed.run("setp.lt.s32 %p1, %r1, 8;\nmov.u32 %r10, 5;\n@%p1 ld.global.u32 %r10, [%rd4];\n"
                + "st.global.u32 [%rd5], %r10;\n", 1, 32, 32, Bed.upTo(8));
        assertEquals(7, y[7]);
        assertEquals(5, y[8]);
    }

    @Test
    void outsideSharedMemory() {
        finds(Rule.OUTSIDE_MEMORY, "st.shared.u32", TILE + "st.shared.u32 [tile+512], %r1;\n", 32);
        finds(Rule.OUTSIDE_MEMORY, "ld.shared.u32", TILE + "mov.u32 %r10, -4;\nld.shared.u32 %r11, [%r10];\n", 32);
    }

    @Test
    void misaligned() {
        finds(Rule.MISALIGNED, "ld.global.v2.u32", "ld.global.v2.u32 {%r10, %r11}, [%rd1+4];\n", 32);
        finds(Rule.MISALIGNED, "st.shared.u32", TILE + "st.shared.u32 [tile+2], %r1;\n", 32);
    }

    @Test
    void uninitialisedSharedMemory() {
        finds(Rule.UNINITIALISED, "ld.shared.u32 %r17", TURN.replace("st.shared.u32 [%r13]", "st.shared.u32 [%r13+4]")
                .replace("63, %r1", "63, 63"), 64);
    }

    /** What an earlier block left is nobody's. */
    @Test
    void sharedMemoryOfAnotherBlock() {
        String body = TILE + "setp.ne.s32 %p1, %r2, 0;\n@%p1 bra $A;\nst.shared.u32 [tile], 1;\n$A:\n"
                + "ld.shared.u32 %r10, [tile];\nst.global.u32 [%rd5], %r10;\n";
        DeviceException e = assertThrows(DeviceException.class, () -> Bed.run(body, 9, 32, 9 * 32));
        assertTrue(e.getMessage().startsWith("UNINITIALISED"), e.getMessage());
    }

    @Test
    void uninitialisedGlobalMemory() {
        finds(Rule.UNINITIALISED, "ld.global.u32", "ld.global.u32 %r10, [%rd5];\nst.global.u32 [%rd5], %r10;\n", 32);
        // Two bytes more than a word.
        finds(Rule.UNINITIALISED, "@%p1 cp.async", TILE + "setp.eq.s32 %p1, %r1, 0;\nmov.u32 %r10, 6;\n"
                + "@%p1 st.global.u32 [%rd2], 1;\n@%p1 cp.async.ca.shared.global [tile], [%rd2], 8, %r10;\n", 32);
        finds(Rule.UNINITIALISED, "ld.global.u8", "st.global.u8 [%rd5], %r1;\nld.global.u8 %r10, [%rd5+1];\n", 32);
    }

    /** Where it isn't an error, it is NaN. */
    @Test
    void unwrittenIsNaN() {
        try (Bed bed = new Bed(new Watch(true, false, false, false))) {
            assertArrayEquals(new int[] {-1},
                    bed.launch("ld.global.u32 %r10, [%rd5];\nst.global.u32 [%rd5], %r10;\n", 1, 1, 1));
        }
    }

    @Test
    void uninitialisedLocalMemory() {
        String body = ".local .align 4 .b8 depot[16];\nmov.u64 %rd9, depot;\ncvta.local.u64 %rd10, %rd9;\n"
                + "cvta.to.local.u64 %rd11, %rd10;\nst.local.u32 [%rd11], %r1;\nld.local.u32 %r10, [%rd11];\n"
                + "st.global.u32 [%rd5], %r10;\n";
        assertArrayEquals(Bed.upTo(32), Bed.run(body, 1, 32, 32));
        finds(Rule.UNINITIALISED, "ld.local.u32", body.replace("%r10, [%rd11]", "%r10, [%rd11+4]"), 32);
        finds(Rule.OUTSIDE_MEMORY, "ld.local.u32", body.replace("%r10, [%rd11]", "%r10, [%rd11+16]"), 32);
    }

    @Test
    void missingLanes() {
        String body = "setp.lt.s32 %p1, %r1, 16;\n@%p1 shfl.sync.idx.b32 %r10, %r1, 0, 31, -1;\n"
                + "st.global.u32 [%rd5], %r1;\n";
        finds(Rule.MISSING_LANES, "@%p1 shfl.sync", body, 32);
        finds(Rule.MISSING_LANES, "@%p1 shfl.sync", body.replace("0, 31, -1", "20, 31, 65535"), 32);
        finds(Rule.MISSING_LANES, "@%p1 bar.warp.sync",
                "setp.lt.s32 %p1, %r1, 16;\n@%p1 bar.warp.sync -1;\nst.global.u32 [%rd5], %r1;\n", 32);
    }
}
