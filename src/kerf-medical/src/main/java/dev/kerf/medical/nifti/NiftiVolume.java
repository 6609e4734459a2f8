package dev.kerf.medical.nifti;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Grid;
import dev.kerf.medical.Slice;
import dev.kerf.medical.Volume;
import dev.kerf.medical.Window;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A NIfTI file that is read slice by slice. */
final class NiftiVolume implements Volume {
    private final Path file;
    private final NiftiHeader header;
    private final NiftiData data;
    private final NiftiType type;
    private final Grid grid;
    private final long offset;

    /** Takes the data over. */
    NiftiVolume(Path file, NiftiHeader header, NiftiData data) {
        this.file = file;
        this.header = header;
        this.data = data;
        this.type = header.type();
        this.grid = header.grid();
        this.offset = header.offset();
        long bytes;
        try {
            bytes = Math.addExact(offset,
                    Math.multiplyExact(Math.multiplyExact(grid.voxels(), (long) grid.frames()), (long) type.bytes()));
        } catch (ArithmeticException e) {
            throw new BadFileException(file + ": the header says extents beyond all measure: " + grid, e);
        }
        data.check(bytes);
        data.expect(bytes);
    }

    NiftiHeader header() {
        return header;
    }

    @Override
    public String title() {
        return file.toString();
    }

    @Override
    public Grid grid() {
        return grid;
    }

    @Override
    public Optional<Window> window() {
        double[] ends = header.shown();
        return ends[1] > ends[0] && Double.isFinite(ends[1] - ends[0])
                ? Optional.of(Window.between(ends[0], ends[1]))
                : Optional.empty();
    }

    @Override
    public List<String> remarks() {
        return List.of();
    }

    @Override
    public boolean isRegular() { return true; }

    @Override
    public Slice read(Axis axis, int frame, int index) {
        if (frame < 0 || frame >= grid.frames() || index < 0 || index >= grid.slices(axis)) {
            throw new BadInputException(
                    file + ": there is no slice " + index + " across " + axis + " of frame " + frame + " in "
                            + grid);
        }
        int width = grid.width(axis);
        int height = grid.height(axis);
        long pixels = (long) width * height;
        if (pixels > Integer.MAX_VALUE / 8) {
            throw new BadInputException(
                    file + ": slices across " + axis + " are " + width + "x" + height + " pixels, too many for a picture");
        }
        long row = (long) grid.columns() * type.bytes();
        long plane = row * grid.rows();
        long start = offset + plane * grid.slices() * frame;
        double[] values = new double[(int) pixels];
        if (axis == Axis.Z) {
            MemorySegment from = data.read(start + plane * index, Math.toIntExact(plane));
            fill(values, from, 0, type.bytes());
        } else {
            MemorySegment all = data.all(start + plane * grid.slices());
            double[] line = new double[width];
            for (int y = 0; y < height; y++) {
                long from = start + plane * y + (axis == Axis.Y ? row * index : (long) type.bytes() * index);
                fill(line, all, from, axis == Axis.Y ? type.bytes() : row);
                System.arraycopy(line, 0, values, y * width, width);
            }
        }
        return new Slice(file + " slice " + (index + 1), width, height, 1, values, false);
    }

    private void fill(double[] values, MemorySegment from, long at, long step) {
        ByteOrder order = header.order();
        boolean scaled = header.scaled();
        double slope = header.slope();
        double inter = header.inter();
        for (int i = 0; i < values.length; i++) {
            double v = type.get(from, at + step * i, order);
            values[i] = scaled ? v * slope + inter : v;
        }
    }

    @Override
    public void close() {
        data.close();
    }
}
