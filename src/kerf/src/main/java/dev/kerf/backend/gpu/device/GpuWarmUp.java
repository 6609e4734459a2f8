package dev.kerf.backend.gpu.device;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.BadInputException;
import dev.kerf.error.CapacityExceededException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Runs an executable until its times are steady, and leaves its states as they were. */
final class GpuWarmUp {
    private static final int STEADY_RUNS = 3;
    private static final double STEADY = 1.05;

    private GpuWarmUp() {}

    static void run(GpuExecutable executable, GpuDevice device, List<Slot> states, Duration limit) {
        long start = System.nanoTime();
        List<Driver.Buffer> saved = new ArrayList<>();
        try {
            for (Slot s : states) {
                if (s.tensor() == null) {
                    throw new BadInputException("the state '" + s.name() + "' isn't bound");
                }
                s.tensor().awaitAll();
                Driver.Buffer copy = device.driver().allocate(
                        Math.max(1, s.tensor().type().bytes()), s.tensor().type().dtype());
                saved.add(copy);
                device.transfers().copy(
                        s.tensor().buffer(), s.tensor().offsetBytes(), copy, 0, s.tensor().type().bytes());
            }
            untilSteady(executable, start, limit.toNanos());
            for (int i = 0; i < states.size(); i++) {
                Slot s = states.get(i);
                device.transfers().copy(
                        saved.get(i), 0, s.tensor().buffer(), s.tensor().offsetBytes(), s.tensor().type().bytes());
            }
        } finally {
            saved.forEach(Driver.Buffer::close);
        }
    }

    private static void untilSteady(GpuExecutable executable, long start, long limit) {
        long best = Long.MAX_VALUE;
        int steady = 0;
        while (steady < STEADY_RUNS && (best == Long.MAX_VALUE || System.nanoTime() - start < limit)) {
            long begin = System.nanoTime();
            try {
                executable.run();
            } catch (CapacityExceededException | BadInputException e) {
                // Whatever lies in the inputs may be out of range; only the time counts.
                steady = 0;
            }
            long nanos = System.nanoTime() - begin;
            steady = nanos <= best * STEADY ? steady + 1 : 0;
            best = Math.min(best, nanos);
        }
    }
}
