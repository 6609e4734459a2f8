package dev.kerf.medical;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.mask.LabelMap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A label for each voxel of a volume, put in slice by slice, whichever way they are cut. The labels lie in a temporary file that nobody
 * else sees and that is gone with this object or the process, two bytes a voxel: of the heap one slice is used at a time. Used by one
 * thread at a time.
 */
public final class LabelVolume implements AutoCloseable {
    /** The greatest label. */
    public static final int MOST = 65535;

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Grid grid;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment labels;
    private int max;

    private LabelVolume(Grid grid) {
        this.grid = grid;
        long bytes = Math.multiplyExact(Math.multiplyExact(grid.voxels(), (long) grid.frames()), 2L);
        MemorySegment mapped = null;
        try {
            Path file = Files.createTempFile("kerf-", ".labels");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE,
                    StandardOpenOption.SPARSE, StandardOpenOption.DELETE_ON_CLOSE)) {
                // Pages of a mapped file that the disk has no room for would end the process.
                long free = Files.getFileStore(file.getParent()).getUsableSpace();
                if (free < bytes) {
                    throw new IOException(free + " bytes are free in " + file.getParent());
                }
                mapped = channel.map(MapMode.READ_WRITE, 0, bytes, arena);
            }
        } catch (IOException e) {
            throw new BadFileException("a temporary file of " + bytes + " bytes for labels can't be made: " + e.getMessage()
                    + "; choose another place by -Djava.io.tmpdir", e);
        } finally {
            if (mapped == null) {
                arena.close();
            }
        }
        this.labels = mapped;
    }

    /**
     * All labels 0.
     *
     * @throws BadFileException if no temporary file can be made
     */
    public static LabelVolume of(Grid grid) {
        return new LabelVolume(grid);
    }

    /** Of which voxels. */
    public Grid grid() {
        return grid;
    }

    /** The greatest label so far. */
    public int max() {
        return max;
    }

    private long at(int frame, int column, int row, int slice) {
        return 2 * (((long) frame * grid.slices() + slice) * grid.rows() * grid.columns() + (long) row * grid.columns()
                + column);
    }

    private void check(Axis axis, int frame, int index) {
        if (frame < 0 || frame >= grid.frames() || index < 0 || index >= grid.slices(axis)) {
            throw new BadInputException(
                    "slice " + index + " across " + axis + " of frame " + frame + ": the volume is " + grid);
        }
    }

    /**
     * Puts a slice's labels in.
     *
     * @throws BadInputException if there is no such slice, it is of another size, or a label is past {@link #MOST}
     */
    public void put(Axis axis, int frame, int index, LabelMap slice) {
        check(axis, frame, index);
        int width = grid.width(axis);
        if (slice.width() != width || slice.height() != grid.height(axis)) {
            throw new BadInputException("labels of " + slice.width() + "x" + slice.height() + " for slices of " + width + "x"
                    + grid.height(axis));
        }
        int[] all = slice.toArray();
        int[] from = axis.voxel(index, 0, 0);
        int[] right = axis.voxel(index, Math.min(1, width - 1), 0);
        long start = at(frame, from[0], from[1], from[2]);
        long step = at(frame, right[0], right[1], right[2]) - start;
        for (int y = 0; y < slice.height(); y++) {
            int[] left = axis.voxel(index, 0, y);
            long to = at(frame, left[0], left[1], left[2]);
            for (int x = 0; x < width; x++, to += step) {
                int label = all[y * width + x];
                if (label < 0 || label > MOST) {
                    throw new BadInputException("label " + label + ": volumes have labels of 0 to " + MOST);
                }
                max = Math.max(max, label);
                labels.set(U16, to, (short) label);
            }
        }
    }

    /** The labels of a slice across the last axis, rows one after the other. */
    public int[] get(int frame, int slice) {
        check(Axis.Z, frame, slice);
        int[] out = new int[grid.columns() * grid.rows()];
        long from = at(frame, 0, 0, slice);
        for (int i = 0; i < out.length; i++) {
            out[i] = Short.toUnsignedInt(labels.get(U16, from + 2L * i));
        }
        return out;
    }

    /** Frees the temporary file. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
