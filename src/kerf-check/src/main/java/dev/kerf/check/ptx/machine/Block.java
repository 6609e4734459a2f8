package dev.kerf.check.ptx.machine;

import java.util.Arrays;

/** A block of threads while it runs: its warps and the memory that they share. One worker uses it for all blocks that it runs. */
public final class Block {
    final Program program;
    final DeviceMemory memory;
    public final Counts counts;
    /** Whether accesses are counted by what they cost. */
    final boolean counting;
    final boolean discarding;
    final boolean checks;
    final boolean strict;
    /** Whether tensor cores' sums are rounded towards 0. */
    final boolean truncating;
    /** For one product of tensor cores: its factors, 16 rows of 16 and 16 of 8, its sums, 16 of 8, and what lanes hold of it. */
    final double[] left = new double[256];
    final double[] right = new double[128];
    final double[] sum = new double[128];
    final double[] lanes = new double[32];
    SharedMemory shared;
    byte[] parameters;
    final int[] index = new int[3];
    private final int[] size = {0, 0, 0};
    private final int[] grid = new int[3];
    private Warp[] warps = {};
    private int active;
    private int threads;

    public Block(Program program, DeviceMemory memory, Watch watch) {
        this.program = program;
        this.memory = memory;
        checks = watch.checks();
        strict = watch.strict();
        counting = watch.counting();
        discarding = watch.discarding();
        truncating = watch.truncating();
        counts = new Counts(program);
    }

    /** Fits it to a launch. */
    public void launch(int[] groups, int[] items, int sharedBytes, byte[] arguments) {
        parameters = arguments;
        System.arraycopy(groups, 0, grid, 0, 3);
        if (shared == null || shared.size != sharedBytes) {
            shared = new SharedMemory(sharedBytes, program.grain, checks, program.proxies);
        }
        if (!Arrays.equals(size, items)) {
            System.arraycopy(items, 0, size, 0, 3);
            threads = items[0] * items[1] * items[2];
            active = (threads + 31) / 32;
            int had = warps.length;
            if (had < active) {
                warps = Arrays.copyOf(warps, active);
                for (int k = had; k < active; k++) {
                    warps[k] = new Warp(this, program, k);
                }
            }
        }
        for (Operands.Special s : program.specials) {
            for (int k = 0; k < active; k++) {
                fill(s, warps[k]);
            }
        }
    }

    private void fill(Operands.Special s, Warp w) {
        int[] z = w.i[s.slot()];
        for (int t = 0; t < 32; t++) {
            int n = w.id * 32 + t;
            z[t] = switch (s.name()) {
                case "tid" -> s.axis() == 0 ? n % size[0] : s.axis() == 1 ? n / size[0] % size[1] : n / size[0] / size[1];
                case "ntid" -> size[s.axis()];
                case "nctaid" -> grid[s.axis()];
                case "ctaid" -> index[s.axis()];
                case "laneid" -> t;
                case "warpid" -> w.id;
                case "lanemask_lt" -> (1 << t) - 1;
                case "lanemask_le" -> (2 << t) - 1;
                case "lanemask_eq" -> 1 << t;
                default -> throw new IllegalStateException(s.toString());
            };
        }
    }

    /** Runs one block from start to end. */
    public void run(int x, int y, int z) {
        index[0] = x;
        index[1] = y;
        index[2] = z;
        shared.begin();
        for (int k = 0; k < active; k++) {
            warps[k].start(threads - 32 * k);
        }
        for (Operands.Special s : program.specials) {
            if (s.name().equals("ctaid")) {
                for (int k = 0; k < active; k++) {
                    Arrays.fill(warps[k].i[s.slot()], index[s.axis()]);
                }
            }
        }
        while (true) {
            boolean all = true;
            for (int k = 0; k < active; k++) {
                Warp w = warps[k];
                if (!w.done) {
                    step(w);
                    all &= w.done;
                }
            }
            if (all) {
                // Copies that nobody has awaited are no error (PTX ISA, cp.async), and none of the next block's.
                for (int k = 0; k < active; k++) {
                    warps[k].copies.drop(shared);
                    warps[k].products.drop();
                }
                return;
            }
            meet();
        }
    }

    private void step(Warp w) {
        try {
            w.run();
        } catch (Fault e) {
            throw new Fault(e.rule(), e.getMessage() + place(w));
        } catch (IndexOutOfBoundsException e) {
            throw new IllegalStateException("the interpreter failed" + place(w), e);
        }
    }

    private String place(Warp w) {
        Statement s = program.statements.get(w.now);
        return ", at line " + s.line() + " (" + s + ") in warp " + w.id + " of block " + Arrays.toString(index);
    }

    /** All that haven't returned wait: they must do so at the same barrier. */
    private void meet() {
        Warp first = null;
        for (int k = 0; k < active; k++) {
            Warp w = warps[k];
            if (!w.done) {
                first = first == null ? w : first;
                if (w.waiting != first.waiting) {
                    throw new Fault(Rule.DIVERGENT_BARRIER, "warp " + first.id + " waits at line "
                            + program.statements.get(first.waiting).line() + place(w));
                }
            }
        }
        shared.barrier();
    }
}
