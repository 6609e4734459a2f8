package dev.kerf.check.ptx;

import dev.kerf.check.ptx.machine.DeviceMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** A piece of a queue's work; the queue uses it again when it is done, so that nothing is allocated. */
final class PtxWork {
    static final int LAUNCH = 1;
    static final int REPLAY = 2;
    static final int UPLOAD = 3;
    static final int DOWNLOAD = 4;
    static final int COPY = 5;
    static final int ZERO = 6;
    static final int SIGNAL = 7;
    static final int AWAIT = 8;

    int kind;
    PtxLaunch.Bound launch;
    List<PtxLaunch.Bound> recording;
    PtxTimer timer;
    DeviceMemory.Allocation from;
    DeviceMemory.Allocation to;
    MemorySegment host;
    long source;
    long target;
    long bytes;
    PtxEvent event;
    long number;

    void clear() {
        launch = null;
        recording = null;
        timer = null;
        from = null;
        to = null;
        host = null;
        event = null;
    }

    /** Does it; on a device that is lost, nothing but signals. */
    void run(PtxDriver driver) {
        switch (kind) {
            case SIGNAL -> event.pass(number);
            case AWAIT -> event.await(number);
            default -> {
                if (!driver.isLost()) {
                    move(driver);
                }
            }
        }
    }

    private void move(PtxDriver driver) {
        int at = (int) target;
        int length = (int) bytes;
        switch (kind) {
            case LAUNCH -> {
                long start = System.nanoTime();
                driver.execute(launch);
                if (timer != null) {
                    timer.nanos = System.nanoTime() - start;
                }
            }
            case REPLAY -> {
                for (int i = 0; i < recording.size(); i++) {
                    driver.execute(recording.get(i));
                }
            }
            case UPLOAD -> {
                MemorySegment.copy(host, ValueLayout.JAVA_BYTE, source, to.bytes, at, length);
                to.fill(at, length);
            }
            case DOWNLOAD -> MemorySegment.copy(from.bytes, (int) source, host, ValueLayout.JAVA_BYTE, target, length);
            case COPY -> {
                System.arraycopy(from.bytes, (int) source, to.bytes, at, length);
                to.copyMarks(at, from, source, length);
            }
            default -> {
                Arrays.fill(to.bytes, at, at + length, (byte) 0);
                to.fill(at, length);
            }
        }
    }
}
