package dev.kerf.medical.dicom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.LabelMap;
import dev.kerf.medical.Axis;
import dev.kerf.medical.LabelVolume;
import dev.kerf.medical.Volume;
import dev.kerf.medical.dicom.DicomSegmentation.Code;
import dev.kerf.medical.dicom.DicomSegmentation.Segment;
import dev.kerf.medical.nifti.Nifti;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Segmentations as they are written: each frame's pixels, place and reference, and what of the patient goes over. */
class DicomSegmentationTest {
    private static final Path FILES = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/dicom");
    private static final List<Segment> SEGMENTS = List.of(
            new Segment(2, "liver", Code.ANATOMY, new Code("10200004", "SCT", "Liver")),
            new Segment(300, "Über\\all", Code.TISSUE, Code.TISSUE));

    @TempDir
    private Path dir;

    private static List<Path> files(String name) throws IOException {
        Path path = FILES.resolve(name);
        if (Files.isRegularFile(path)) {
            return List.of(path);
        }
        try (Stream<Path> all = Files.list(path)) {
            return all.toList();
        }
    }

    private static int label(int k, int i) {
        int label = (k * 5 + i / 7) % 4;
        return k == 1 && label == 2 ? 0 : label == 3 ? 300 : label;
    }

    /** Labels of all slices; the second has none of the first segment. */
    private static void put(LabelVolume labels) {
        int w = labels.grid().columns();
        int h = labels.grid().rows();
        for (int k = 0; k < labels.grid().slices(); k++) {
            int[] slice = new int[w * h];
            for (int i = 0; i < slice.length; i++) {
                slice[i] = label(k, i);
            }
            labels.put(Axis.Z, 0, k, LabelMap.of(w, h, slice));
        }
    }

    private Path written(String name) throws IOException {
        Path out = dir.resolve(name.replace(".dcm", "") + "-seg.dcm");
        try (Volume volume = DicomSeries.among(files(name), name, _ -> {}).getFirst().open();
                LabelVolume labels = LabelVolume.of(volume.grid())) {
            put(labels);
            DicomSegmentation.write(labels, volume, SEGMENTS, out);
        }
        return out;
    }

    private static String text(DataSet d, int tag) {
        return d.find(tag) == null ? null : d.find(tag).text();
    }

    private static DataSet in(DataSet d, int sequence) {
        return d.find(sequence).items().getFirst();
    }

    private static double number(DataSet d, int tag) {
        return d.find(tag).numbers()[0];
    }

    @Test
    void framesPlacesAndReferences() throws IOException {
        for (String name : List.of("series", "enhanced.dcm", "gap", "rlergb.dcm", "cine.dcm")) {
            try (Volume volume = DicomSeries.among(files(name), name, _ -> {}).getFirst().open();
                    DicomFile seg = DicomFile.open(written(name), _ -> true)) {
                List<FramePlace> source = ((DicomVolume) volume).frames();
                DataSet d = seg.elements();
                int w = volume.grid().columns();
                int h = volume.grid().rows();
                int slices = volume.grid().slices();
                assertEquals(w, number(d, 0x00280011));
                assertEquals(h, number(d, 0x00280010));
                assertEquals("1.2.840.10008.5.1.4.1.1.66.4", text(d, 0x00080016));
                List<DataSet> frames = d.find(0x52009230).items();
                assertEquals(frames.size(), Integer.parseInt(text(d, 0x00280008)));
                assertEquals(slices == 1 ? 2 : 2 * slices - 1, frames.size(), "no frame where a segment isn't");
                long bits = seg.elements().find(0x7FE00010).at() * 8;
                for (DataSet frame : frames) {
                    int segment = (int) number(in(frame, 0x0062000A), 0x0062000B);
                    double[] index = in(frame, 0x00209111).find(0x00209157).numbers();
                    assertEquals(segment, index[0]);
                    FramePlace from = source.get((int) index[1] - 1);
                    DataSet reference = in(in(frame, 0x00089124), 0x00082112);
                    assertEquals(from.sopInstance(), text(reference, 0x00081155));
                    assertEquals(from.framesThere() > 1 ? Integer.toString(from.index() + 1) : null,
                            text(reference, 0x00081160));
                    if (from.isPlaced()) {
                        assertEquals(from.position(), text(in(frame, 0x00209113), 0x00200032), "letter by letter");
                    } else {
                        assertEquals(index[1], number(in(frame, 0x00209111), 0x00209057));
                    }
                    for (int i = 0; i < w * h; i++, bits++) {
                        int bit = seg.bytes().get(ValueLayout.JAVA_BYTE, bits / 8) >> bits % 8 & 1;
                        boolean there = label((int) index[1] - 1, i) == SEGMENTS.get(segment - 1).label();
                        assertEquals(there ? 1 : 0, bit, name);
                    }
                }
                DataSet shared = in(d, 0x52009229);
                if (source.getFirst().isPlaced()) {
                    assertEquals(source.getFirst().orientation(), text(in(shared, 0x00209116), 0x00200037));
                    assertEquals(source.getFirst().spacing(), text(in(shared, 0x00289110), 0x00280030));
                    assertEquals("1.2.826.0.1.3680043.9.9999.4", text(d, 0x00200052));
                }
                TreeSet<String> all = new TreeSet<>();
                in(d, 0x00081115).find(0x0008114A).items().forEach(r -> all.add(text(r, 0x00081155)));
                source.forEach(f -> assertTrue(all.contains(f.sopInstance())));
            }
        }
    }

    @Test
    void classesAreCoded() throws IOException {
        try (DicomFile seg = DicomFile.open(written("series"), _ -> true)) {
            List<DataSet> all = seg.elements().find(0x00620002).items();
            assertEquals(2, all.size());
            assertEquals("liver", text(all.get(0), 0x00620005));
            assertEquals("10200004", text(in(all.get(0), 0x0062000F), 0x00080100));
            assertEquals("123037004", text(in(all.get(0), 0x00620003), 0x00080100));
            assertEquals("Über/all", text(all.get(1), 0x00620005),
                    "in the file's Latin letters, a backslash would be two values");
            assertEquals("BINARY", text(seg.elements(), 0x00620001));
        }
        assertThrows(BadInputException.class, () -> new Code("", "SCT", "Liver"));
        assertThrows(BadInputException.class, () -> new Code("1", "SCT", "a\\b"));
    }

    @Test
    void ofThePatientOnlyWhatTheStandardAsksForGoesOver() throws IOException {
        Path out = written("series");
        try (DicomFile seg = DicomFile.open(out, _ -> true);
                DicomFile from = DicomFile.open(FILES.resolve("series/IM002"), _ -> true)) {
            for (int tag : new int[] {0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x0020000D, 0x00200010, 0x00080020,
                0x00080030,
                0x00080050, 0x00080090}) {
                assertEquals(text(from.elements(), tag), text(seg.elements(), tag), Tag.text(tag));
            }
        }
        String all = new String(Files.readAllBytes(out), StandardCharsets.ISO_8859_1);
        for (String other : List.of("SECRETSTREET", "SECRETHOSPITAL", "OPERATOR", "SECRET SERIES")) {
            assertFalse(all.contains(other), other);
        }
    }

    @Test
    void nothingFoundIsAFrameOfNothing() throws IOException {
        Path out = dir.resolve("none.dcm");
        try (Volume volume = DicomSeries.among(files("series"), "series", _ -> {}).getFirst().open();
                LabelVolume labels = LabelVolume.of(volume.grid())) {
            DicomSegmentation.write(labels, volume, SEGMENTS, out);
            assertThrows(BadInputException.class, () -> DicomSegmentation.write(labels, volume, List.of(), out));
        }
        try (DicomFile seg = DicomFile.open(out, _ -> true)) {
            assertEquals("1", text(seg.elements(), 0x00280008));
        }
        try (Volume nifti = Nifti.open(Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/nifti/i2-le.nii.gz"));
                LabelVolume labels = LabelVolume.of(nifti.grid())) {
            String said = assertThrows(BadInputException.class, () -> DicomSegmentation.write(labels, nifti, SEGMENTS, out))
                    .getMessage();
            assertTrue(said.contains("refers to DICOM files"), said);
        }
        List<String> notes = new ArrayList<>();
        assertEquals(List.of(), DicomSeries.among(List.of(out), "out", notes::add), "a segmentation isn't what is segmented");
        assertEquals(1, notes.size());
    }
}
