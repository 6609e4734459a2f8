package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;

/** Does something to all valid elements of a value, in pieces of runs. */
final class RunTasks implements Kernel {
    /** What is done. */
    interface Body {
        /**
         * Does elements {@code first} … {@code first + n − 1} of a run.
         */
        void run(int run, int first, int n);
    }

    private final Runs runs;
    private final Body body;
    private final int piece;
    private final int piecesOfRun;
    private final int runsOfTask;

    RunTasks(Runs runs, Body body) {
        this.runs = runs;
        this.body = body;
        long total = (long) runs.count() * runs.elements();
        this.piece = (int) Math.max(Split.GRAIN, total / 4096 + 1);
        this.piecesOfRun = Math.max(1, Math.ceilDiv(runs.elements(), piece));
        this.runsOfTask = piecesOfRun > 1 ? 1 : Math.max(1, piece / Math.max(1, runs.elements()));
    }

    @Override
    public int tasks() {
        return piecesOfRun > 1 ? runs.count() * piecesOfRun : Math.ceilDiv(runs.count(), runsOfTask);
    }

    @Override
    public void run(int task, int worker) {
        if (piecesOfRun > 1) {
            int run = task / piecesOfRun;
            int first = task % piecesOfRun * piece;
            int n = Math.min(piece, runs.valid(run) - first);
            if (n > 0) {
                body.run(run, first, n);
            }
            return;
        }
        for (int run = task * runsOfTask, end = Math.min(runs.count(), run + runsOfTask); run < end; run++) {
            int n = runs.valid(run);
            if (n > 0) {
                body.run(run, 0, n);
            }
        }
    }
}
