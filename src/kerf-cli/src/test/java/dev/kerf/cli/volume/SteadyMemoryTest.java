package dev.kerf.cli.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.mask.LabelMap;
import dev.kerf.medical.Slice;
import dev.kerf.medical.Window;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Slices pass by: what is held at the last of many is what is held at the last of a few. */
class SteadyMemoryTest {
    private static final int SIDE = 32;
    /** That a heap may differ by, without anything that was kept. */
    private static final long NOISE = 128 << 10;

    @TempDir
    private Path dir;

    /** A volume of zeros of which no byte lies on the disk. */
    private Path sparse(int slices) throws IOException {
        Path file = dir.resolve(slices + ".nii");
        ByteBuffer b = ByteBuffer.allocate(352).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0, 348).put(344, "n+1".getBytes()).putShort(70, (short) 4).putShort(72, (short) 16).putFloat(108, 352);
        short[] dim = {3, SIDE, SIDE, (short) slices, 1, 1, 1, 1};
        for (int i = 0; i < 8; i++) {
            b.putShort(40 + 2 * i, dim[i]).putFloat(76 + 4 * i, 1);
        }
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(b.array());
            out.setLength(352 + 2L * SIDE * SIDE * slices);
        }
        return file;
    }

    /** Labels half of each slice; at the last one looks at the heap. */
    private static final class Watch implements SliceNetwork {
        private final Device device;
        private final int last;
        private int seen;
        private long held;

        Watch(Device device, int slices) {
            this.device = device;
            this.last = slices;
        }

        @Override
        public String name() {
            return "half";
        }

        @Override
        public Device.Info device() {
            return device.info();
        }

        @Override
        public Found find(Slice slice, Optional<Window> window) {
            seen++;
            if (seen == last) {
                System.gc();
                held = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
            }
            int[] labels = new int[SIDE * SIDE];
            for (int i = 0; i < labels.length; i++) {
                labels[i] = i % SIDE < SIDE / 2 ? 1 : 0;
            }
            return new Found(LabelMap.of(SIDE, SIDE, labels), List.of("background", "half"));
        }
    }

    private long heldAtTheLast(int slices, Device device) throws IOException {
        Console nowhere = Console.of(OutputStream.nullOutputStream(), OutputStream.nullOutputStream(), false);
        VolumeOptions options = new VolumeOptions();
        new CommandLine(new Object() {
            @CommandLine.Mixin
            private VolumeOptions mixed = options;
        }).setCaseInsensitiveEnumValuesAllowed(true).parseArgs();
        Watch watch = new Watch(device, slices);
        VolumeMeasures.Wanted wanted = new VolumeMeasures.Wanted(dir.resolve("m.csv"), 26, 1, Long.MAX_VALUE, null, null);
        try (VolumeMeasures measures = new VolumeMeasures(wanted)) {
            VolumeOutputs outputs = new VolumeOutputs(dir, Set.of(), _ -> 0, List.of());
            int code = new VolumeRun(nowhere, options, outputs, measures, true, false).run(VolumeInputs.of(
                    List.of(sparse(slices).toString()), false, dir, _ -> {}), watch);
            assertEquals(0, code);
            assertEquals(slices, watch.seen);
        }
        return watch.held;
    }

    @Test
    void aHundredTimesTheSlicesTakeNoMore() throws IOException {
        try (Device device = Backends.open("cpu")) {
            heldAtTheLast(5, device);
            long few = heldAtTheLast(20, device);
            long many = heldAtTheLast(2000, device);
            // A slice takes 8 KiB as numbers; kept, 1980 more would take 15 MiB.
            assertTrue(many - few < NOISE, few + " bytes of 20 slices, " + many + " of 2000");
        }
    }
}
