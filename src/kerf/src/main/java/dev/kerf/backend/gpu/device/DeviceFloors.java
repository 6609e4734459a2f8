package dev.kerf.backend.gpu.device;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.tensor.DType;
import java.util.List;
import java.util.Map;

/**
 * What a device gives at most, measured: how fast it copies its own memory, by its driver's copy, and how many float32
 * multiply-adds it makes, by a kernel that does nothing else. No kernel can be quicker than its bytes over the one and its
 * operations over the other.
 *
 * <pre>{@code
 * DeviceFloors floors = DeviceFloors.measure(device);
 * double least = floors.seconds(timing.flops(), timing.bytes());
 * }</pre>
 *
 * @param copyBytesPerSecond read and written
 * @param flopsPerSecond     multiplications and additions, without tensor cores
 */
public record DeviceFloors(double copyBytesPerSecond, double flopsPerSecond) {
    private static final int TRIES = 5;
    private static final int COPIES = 8;
    private static final long ENOUGH_NANOS = 5_000_000;
    private static final int FIRST_ROUNDS = 256;
    private static final int MOST_ROUNDS = 1 << 20;
    private static final int FLOPS_A_ROUND = 32;
    private static final int LANES = 16;
    private static final int GROUP = 256;

    /** Measures a device that nothing else uses meanwhile; takes about a second. */
    public static DeviceFloors measure(GpuDevice device) {
        Driver driver = device.driver();
        boolean gpu = driver.facts().info().kind() == Device.Info.Kind.GPU;
        try (Driver.Queue queue = driver.profiledQueue()) {
            return new DeviceFloors(copy(driver, queue, (gpu ? 256L : 64L) << 20),
                    flops(driver, queue, driver.facts().info().computeUnits() * (gpu ? 8192 : 1024)));
        }
    }

    /** Seconds that a kernel takes at least. */
    public double seconds(long flops, long bytes) {
        return Math.max(flops / flopsPerSecond, bytes / copyBytesPerSecond);
    }

    private static double copy(Driver driver, Driver.Queue queue, long bytes) {
        try (Driver.Buffer from = driver.allocate(bytes); Driver.Buffer to = driver.allocate(bytes)) {
            queue.zero(from, 0, bytes);
            queue.zero(to, 0, bytes);
            queue.synchronize();
            long best = Long.MAX_VALUE;
            for (int i = 0; i < TRIES; i++) {
                long start = System.nanoTime();
                for (int k = 0; k < COPIES; k++) {
                    queue.copy(from, 0, to, 0, bytes);
                }
                queue.synchronize();
                best = Math.min(best, System.nanoTime() - start);
            }
            return 2.0 * COPIES * bytes / best * 1e9;
        }
    }

    private static double flops(Driver driver, Driver.Queue queue, int items) {
        int group = Math.min(GROUP, driver.facts().maxGroup());
        boolean wide = driver.facts().info().kind() == Device.Info.Kind.CPU;
        Driver.Kernel kernel = driver.load("multiply_add",
                Map.of("GROUP", Integer.toString(GROUP), "WIDE", wide ? "1" : "0", KernelSource.STORAGE,
                        "" + Storage.F32.code()));
        int rounds = FIRST_ROUNDS;
        while (true) {
            try (Driver.Buffer y = driver.allocate(4L * items, DType.F32);
                    Driver.Timer timer = driver.timer();
                    Driver.Launch launch = driver.launch(kernel, new long[] {items}, new long[] {group},
                            List.of(y, items, rounds, 0.999f, 0.001f))) {
                long best = Long.MAX_VALUE;
                for (int i = 0; i < TRIES; i++) {
                    queue.launch(launch, timer);
                    queue.synchronize();
                    best = Math.min(best, timer.nanos());
                }
                if (best >= ENOUGH_NANOS || rounds >= MOST_ROUNDS) {
                    return (wide ? LANES : 1.0) * FLOPS_A_ROUND * items * rounds / best * 1e9;
                }
                rounds *= 2;
            }
        }
    }
}
