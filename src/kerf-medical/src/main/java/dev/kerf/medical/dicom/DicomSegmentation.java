package dev.kerf.medical.dicom;

import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.medical.LabelVolume;
import dev.kerf.medical.Volume;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Writes labels as a DICOM segmentation (PS3.3 A.51): binary, a segment a class, a frame for each slice that a segment is in, with
 * references to the slices and their places as they say them, letter by letter.
 *
 * <pre>{@code
 * DicomSegmentation.write(labels, volume, List.of(new Segment(1, "liver", Code.ANATOMY, new Code("10200004", "SCT", "Liver"))),
 *         Path.of("scan-labels.dcm"));
 * }</pre>
 *
 * <p>Of the patient and the study only what the standard asks for goes over, so that the segmentation is filed with what was scanned:
 * name, number, birth date and sex; the study's UID, date, time and number, accession number and referring physician.
 */
public final class DicomSegmentation {
    /** The most bytes of pixels that an element can say. */
    private static final long MOST = 0xFFFFFFFEL;

    private DicomSegmentation() {}

    /**
     * What something is, by a coding scheme.
     *
     * @param value   such as {@code 10200004}
     * @param scheme  such as {@code SCT} (SNOMED CT)
     * @param meaning such as {@code Liver}
     */
    public record Code(String value, String scheme, String meaning) {
        /** A part of the body, as a category. */
        public static final Code ANATOMY = new Code("123037004", "SCT", "Anatomical Structure");
        /** Tissue, as a category or, where nothing more is known, as a type. */
        public static final Code TISSUE = new Code("85756007", "SCT", "Tissue");

        /** Checks that each is there and short enough to be written. */
        public Code {
            if (!value.matches("[!-~&&[^\\\\]]{1,16}") || !scheme.matches("[!-~&&[^\\\\]]{1,16}")
                    || !meaning.matches("[ -~&&[^\\\\]]{1,64}")) {
                throw new BadInputException("a code of '" + value + "', '" + scheme + "', '" + meaning
                        + "': value and scheme have 1 to 16 letters, the meaning 1 to 64");
            }
        }

        DicomItem item() {
            return new DicomItem().text(0x00080100, "SH", value).text(0x00080102, "SH", scheme).text(0x00080104, "LO", meaning);
        }
    }

    /**
     * A class.
     *
     * @param label    of its voxels
     * @param name     of the class
     * @param category what sort of thing it is
     * @param type     what it is
     */
    public record Segment(int label, String name, Code category, Code type) {
        /** Checks the label. */
        public Segment {
            if (label < 0 || label > LabelVolume.MOST) {
                throw new BadInputException("label " + label + ": volumes have labels of 0 to " + LabelVolume.MOST);
            }
        }
    }

    /** A frame that is written: a segment and a slice, from 0. */
    record Part(int segment, int slice) {}

    /**
     * Refuses a volume that no segmentation can refer to.
     *
     * @throws BadInputException if it isn't of DICOM files
     */
    public static void check(Volume of) {
        if (!(of instanceof DicomVolume)) {
            throw new BadInputException(of.title() + ": a DICOM segmentation refers to DICOM files, which it isn't");
        }
    }

    /**
     * Writes labels.
     *
     * @param of       the volume that they are of
     * @param segments which labels are written, and as what; others are left out
     * @throws BadInputException if it isn't of DICOM files, the labels are of another size, or there is no segment or too much
     * @throws dev.kerf.error.BadFileException if the volume's files can't be read or the file can't be written
     */
    public static void write(LabelVolume labels, Volume of, List<Segment> segments, Path file) {
        check(of);
        if (!labels.grid().equals(of.grid()) || segments.isEmpty()) {
            throw new BadInputException(
                    of.title() + ": labels of " + labels.grid() + " in " + segments.size() + " segments for a volume of "
                            + of.grid());
        }
        List<Part> parts = parts(labels, segments);
        long pixels = (long) labels.grid().columns() * labels.grid().rows();
        long bytes = (parts.size() * pixels + 7) / 8;
        if (bytes + bytes % 2 > MOST) {
            throw new BadInputException(of.title() + ": a segmentation of " + bytes + " bytes; " + MOST
                    + " are possible: write NIfTI, or fewer classes");
        }
        SegmentationHeader header = new SegmentationHeader((DicomVolume) of, segments);
        AtomicFile.write(file, out -> {
            header.write(out, parts);
            out.write(DicomItem.head(Tag.PIXELS.number(), "OB", bytes + bytes % 2));
            pixels(out, labels, segments, parts);
            if (bytes % 2 == 1) {
                out.write(0);
            }
        });
    }

    /** Segment by segment the slices that it is in; of nothing at all one empty frame of the first. */
    private static List<Part> parts(LabelVolume labels, List<Segment> segments) {
        int slices = labels.grid().slices();
        List<BitSet> there = new ArrayList<>();
        segments.forEach(_ -> there.add(new BitSet()));
        int[] which = new int[LabelVolume.MOST + 1];
        for (int s = 0; s < segments.size(); s++) {
            which[segments.get(s).label()] = s + 1;
        }
        for (int k = 0; k < slices; k++) {
            for (int label : labels.get(0, k)) {
                if (which[label] > 0) {
                    there.get(which[label] - 1).set(k);
                }
            }
        }
        List<Part> parts = new ArrayList<>();
        for (int s = 0; s < segments.size(); s++) {
            int segment = s;
            there.get(s).stream().forEach(k -> parts.add(new Part(segment, k)));
        }
        return parts.isEmpty() ? List.of(new Part(0, 0)) : parts;
    }

    /** A bit a pixel, the lowest first; frames follow one another without a gap (PS3.5, 8.2 and D). */
    private static void pixels(OutputStream out, LabelVolume labels, List<Segment> segments, List<Part> parts)
            throws IOException {
        int bits = 0;
        int count = 0;
        for (Part part : parts) {
            int wanted = segments.get(part.segment()).label();
            for (int label : labels.get(0, part.slice())) {
                bits |= label == wanted ? 1 << count : 0;
                if (++count == 8) {
                    out.write(bits);
                    bits = 0;
                    count = 0;
                }
            }
        }
        if (count > 0) {
            out.write(bits);
        }
    }
}
