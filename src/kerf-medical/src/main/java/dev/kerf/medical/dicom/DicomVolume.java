package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Spacing;
import dev.kerf.medical.Affine;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Grid;
import dev.kerf.medical.Slice;
import dev.kerf.medical.Volume;
import dev.kerf.medical.Window;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Frames of DICOM files as a volume; one file is open at a time. */
final class DicomVolume implements Volume {
    private final String title;
    private final List<FramePlace> frames;
    private final Grid grid;
    private final List<String> remarks;
    private DicomFile open;
    private FramePixels pixels;
    /** Null where slope and intercept count. */
    private ModalityLut table;

    /** Of frames in order. */
    DicomVolume(String title, List<FramePlace> frames) {
        this.title = title;
        this.frames = frames;
        Series.checkDoubled(title, frames);
        this.remarks = Series.remarks(title, frames);
        FramePixels first = pixels(frames.getFirst().file());
        this.grid = grid(first.form());
    }

    List<FramePlace> frames() {
        return frames;
    }

    @Override
    public boolean isRegular() { return remarks.isEmpty(); }

    private Grid grid(PixelForm form) {
        FramePlace f = frames.getFirst();
        double[] sides = FramePlace.numbers(f.spacing());
        if (sides.length == 0) {
            return new Grid(form.columns(), form.rows(), frames.size(), 1, Spacing.PIXELS, Affine.scaling(1, 1, 1));
        }
        double step = f.isPlaced() && frames.size() > 1 ? Series.usual(Series.steps(frames)) : thickness(f);
        Spacing spacing;
        try {
            spacing = new Spacing(sides[1], sides[0], step, "mm");
        } catch (BadInputException e) {
            throw new BadFileException(f.file() + ": " + Tag.PIXEL_SPACING + " isn't above 0", e);
        }
        return new Grid(form.columns(), form.rows(), frames.size(), 1, spacing, f.isPlaced()
                ? place(f, sides, step)
                : Affine.scaling(spacing.x(), spacing.y(), spacing.z()));
    }

    private static double thickness(FramePlace f) {
        for (String text : new String[] {f.between(), f.thickness()}) {
            try {
                double v = text.isEmpty() ? 0 : Math.abs(Double.parseDouble(text));
                if (v > 0 && v <= Float.MAX_VALUE) {
                    return v;
                }
            } catch (NumberFormatException e) {
                throw new BadFileException(f.file() + ": " + Tag.SLICE_THICKNESS + " is no number", e);
            }
        }
        return 1;
    }

    /** DICOM counts to the left and back, an affine to the right and front (PS3.3 C.7.6.2.1.1). */
    private Affine place(FramePlace f, double[] sides, double step) {
        double[] o = FramePlace.numbers(f.orientation());
        double[] p = FramePlace.numbers(f.position());
        double[] n = f.normal();
        double[] last = FramePlace.numbers(frames.getLast().position());
        double[] out = new double[12];
        for (int r = 0; r < 3; r++) {
            double sign = r < 2 ? -1 : 1;
            out[4 * r] = sign * o[r] * sides[1];
            out[4 * r + 1] = sign * o[3 + r] * sides[0];
            // Slices of a tilted scanner are shifted, too: what counts is where the first and the last lie.
            out[4 * r + 2] = sign * (isRegular() && frames.size() > 1 ? (last[r] - p[r]) / (frames.size() - 1) : n[r] * step);
            out[4 * r + 3] = sign * p[r];
        }
        return Affine.of(out);
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public Grid grid() {
        return grid;
    }

    @Override
    public Optional<Window> window() {
        return Optional.ofNullable(frames.getFirst().window());
    }

    @Override
    public List<String> remarks() {
        return remarks;
    }

    @Override
    public Slice read(Axis axis, int frame, int index) {
        if (axis != Axis.Z) {
            throw new BadInputException(
                    title + ": DICOM's slices are read as they are, across z; convert it to NIfTI to cut it another way");
        }
        if (frame != 0 || index < 0 || index >= frames.size()) {
            throw new BadInputException(title + ": there is no slice " + index + " of " + frames.size());
        }
        FramePlace f = frames.get(index);
        FramePixels from = pixels(f.file());
        PixelForm form = from.form();
        if (form.columns() != grid.columns() || form.rows() != grid.rows() || form.frames() <= f.index()) {
            throw new BadFileException(f.file() + ": changed while it was read");
        }
        double[] values = from.values(f.index());
        if (from.channels() == 1 && table != null) {
            for (int i = 0; i < values.length; i++) {
                values[i] = table.of(values[i]);
            }
        } else if (from.channels() == 1 && (f.slope() != 1 || f.intercept() != 0)) {
            for (int i = 0; i < values.length; i++) {
                values[i] = values[i] * f.slope() + f.intercept();
            }
        }
        return new Slice(frames.size() == 1 ? title : title + " slice " + (index + 1), form.columns(), form.rows(),
                from.channels(), values,
                form.colours() == PixelForm.Colours.MONOCHROME1);
    }

    private FramePixels pixels(Path file) {
        if (open == null || !open.path().equals(file)) {
            close();
            open = DicomFile.open(file,
                    t -> Tag.of(t) != null && t != Tag.FRAME_GROUPS.number() && t != Tag.SHARED_GROUPS.number());
            pixels = new FramePixels(open);
            table = ModalityLut.of(open.elements());
        }
        return pixels;
    }

    @Override
    public void close() {
        if (open != null) {
            open.close();
            open = null;
        }
    }
}
