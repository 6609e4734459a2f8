package dev.kerf.medical.dicom;

import dev.kerf.error.BadInputException;
import dev.kerf.medical.Window;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A frame of a file: where it lies in the patient, which frames it can be of one volume with, and what its numbers mean. Of a volume's
 * thousands of frames these are all that is held.
 *
 * @param file        that it is in
 * @param index       from 0, in the file
 * @param framesThere how many there are in the file
 * @param sopClass    what sort of object the file is
 * @param sopInstance its UID
 * @param series      what frames of a volume have in common: series, frame of reference, size, kind of pixels
 * @param position    of the first pixel in millimetres to the left, back and head, as the file writes it; empty for none
 * @param orientation of rows and columns, as the file writes it; empty for none
 * @param spacing     from row to row and column to column, as the file writes it; empty for none
 * @param thickness   as the file writes it
 * @param between     spacing of slices, as the file writes it
 * @param slope       what stored numbers are multiplied by
 * @param intercept   what is added
 * @param window      what is to be shown; null where the file doesn't say
 * @param times       what tells frames of one place apart: acquisition, point of time, echo …; empty for none
 * @param order       the series' and the frame's number
 */
record FramePlace(Path file, int index, int framesThere, String sopClass, String sopInstance, String series, String position,
        String orientation, String spacing, String thickness, String between, double slope, double intercept, Window window,
        List<String> times, int[] order) {
    /** Shared text takes no more memory for a thousand frames than for one. */
    private static String kept(String text) {
        return text.intern();
    }

    /** The frames of a file. */
    static List<FramePlace> of(DicomFile file) {
        DataSet d = file.elements();
        // As many frames as there are pixels for.
        PixelForm form = new FramePixels(file).form();
        String series = kept(
                String.join("|", d.text(Tag.SERIES_UID), d.text(Tag.FRAME_OF_REFERENCE), form.columns() + "x" + form.rows(),
                        form.colours().toString()));
        DataSet shared = d.item(Tag.SHARED_GROUPS);
        List<DataSet> each = d.items(Tag.FRAME_GROUPS);
        if (!each.isEmpty() && each.size() < form.frames()) {
            throw d.bad(Tag.FRAME_GROUPS, "says where " + each.size() + " frames lie, there are " + form.frames());
        }
        List<FramePlace> out = new ArrayList<>();
        for (int i = 0; i < form.frames(); i++) {
            Groups g = new Groups(d, shared, each.isEmpty() ? shared : each.get(i));
            DataSet content = g.of(Tag.FRAME_CONTENT);
            DataSet measures = g.of(Tag.PIXEL_MEASURES);
            DataSet values = g.of(Tag.VALUE_TRANSFORMATION);
            String spacing = measures.text(Tag.PIXEL_SPACING);
            out.add(new FramePlace(file.path(), i, form.frames(), kept(d.text(Tag.SOP_CLASS)), kept(d.text(Tag.SOP_INSTANCE)),
                    series,
                    triple(g.of(Tag.PLANE_POSITION), Tag.POSITION, 3),
                    kept(triple(g.of(Tag.PLANE_ORIENTATION), Tag.ORIENTATION, 6)),
                    kept(spacing.isEmpty() ? triple(d, Tag.IMAGER_PIXEL_SPACING, 2) : triple(measures, Tag.PIXEL_SPACING, 2)),
                    kept(measures.text(Tag.SLICE_THICKNESS)), kept(measures.text(Tag.SPACING_BETWEEN_SLICES)),
                    values.number(Tag.SLOPE, 1), values.number(Tag.INTERCEPT, 0), window(g.of(Tag.FRAME_WINDOW)),
                    List.of(kept(d.text(Tag.TEMPORAL_POSITION) + numbers(content, Tag.TEMPORAL_INDEX)),
                            kept(d.text(Tag.ACQUISITION_NUMBER) + numbers(content, Tag.FRAME_ACQUISITION)),
                            kept(d.text(Tag.ECHO_NUMBERS)), kept(d.text(Tag.ECHO_TIME)), kept(d.text(Tag.TRIGGER_TIME)),
                            kept(numbers(d, Tag.B_VALUE)), kept(d.text(Tag.IMAGE_TYPE))),
                    new int[] {(int) d.number(Tag.SERIES_NUMBER, 0), (int) d.number(Tag.INSTANCE_NUMBER, 0)}));
        }
        return out;
    }

    /** A frame's groups of elements: its own, those of all frames, or the file's elements themselves. */
    private record Groups(DataSet file, DataSet shared, DataSet own) {
        DataSet of(Tag group) {
            return own.has(group) ? own.item(group) : shared.has(group) ? shared.item(group) : file;
        }
    }

    private static String numbers(DataSet d, Tag tag) {
        double[] all = d.numbers(tag);
        return all.length == 0 ? "" : Double.toString(all[0]);
    }

    private static String triple(DataSet d, Tag tag, int count) {
        return d.numbers(tag, count).length == 0 ? "" : d.text(tag);
    }

    private static Window window(DataSet d) {
        double[] center = d.numbers(Tag.WINDOW_CENTER);
        double[] width = d.numbers(Tag.WINDOW_WIDTH);
        if (center.length == 0 || width.length == 0) {
            return null;
        }
        Window.Shape shape = switch (d.text(Tag.WINDOW_SHAPE)) {
            case "LINEAR_EXACT" -> Window.Shape.LINEAR_EXACT;
            case "SIGMOID" -> Window.Shape.SIGMOID;
            default -> Window.Shape.LINEAR;
        };
        try {
            return new Window(center[0], width[0], shape);
        } catch (BadInputException e) {
            throw d.bad(Tag.WINDOW_WIDTH, "and center make no window");
        }
    }

    /** Numbers of such a text, which has been read before. */
    static double[] numbers(String text) {
        String[] parts = text.split("\\\\");
        double[] out = new double[text.isEmpty() ? 0 : parts.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = Double.parseDouble(parts[i].strip());
        }
        return out;
    }

    /** Whether it says where it lies. */
    boolean isPlaced() {
        return !position.isEmpty() && !orientation.isEmpty() && !spacing.isEmpty();
    }

    /** The direction that slices follow one another in: to the left, back and head. */
    double[] normal() {
        double[] o = numbers(orientation);
        return new double[] {o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]};
    }

    /** How far along that direction it lies, in millimetres. */
    double along(double[] normal) {
        double[] p = numbers(position);
        return p[0] * normal[0] + p[1] * normal[1] + p[2] * normal[2];
    }
}
