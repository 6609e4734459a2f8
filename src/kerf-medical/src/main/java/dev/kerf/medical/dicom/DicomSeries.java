package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import dev.kerf.medical.Volume;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A volume that was found among DICOM files (Part 10): frames of one series, size and direction, in the order in which they lie along the
 * patient. Pictures that don't say where they lie are volumes of their own, a file each.
 *
 * <pre>{@code
 * for (DicomSeries series : DicomSeries.among(files, "scan", System.err::println)) {
 *     try (Volume volume = series.open()) {
 *         Slice middle = volume.read(Axis.Z, 0, volume.grid().slices() / 2);
 *     }
 * }
 * }</pre>
 *
 * <p>Read are little endian with and without value representations, big endian and deflated; pixels as they are, run lengths, JPEG of 8
 * bits and lossless JPEG (process 14). Files of other transfer syntaxes are refused with their UID. No message holds anything that a file
 * says of the patient.
 */
public final class DicomSeries {
    /** Segmentations, which aren't what is segmented; and the index of a disc. */
    private static final Set<String> OTHERS = Set.of("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.1.3.10");

    private final String title;
    private final List<FramePlace> frames;
    private final List<Path> files;
    /** Why it can't be opened; null for what is well so far. */
    private final BadFileException trouble;

    private DicomSeries(String title, List<FramePlace> frames, List<Path> files, BadFileException trouble) {
        this.title = title;
        this.frames = frames;
        this.files = files;
        this.trouble = trouble;
    }

    /** Whether a file begins as DICOM files do: DICM at byte 128. */
    public static boolean looksLike(Path file) {
        return DicomFile.looksLike(file);
    }

    /**
     * The volumes among files, in the order of their series' numbers. A file that is damaged or isn't read is one of its own, at the end,
     * which says so when it is opened.
     *
     * @param title what they are called together, in messages
     * @param note  is told, in a line, of files that have no pictures and of several volumes
     */
    public static List<DicomSeries> among(List<Path> files, String title, Consumer<String> note) {
        List<FramePlace> all = new ArrayList<>();
        List<Path> left = new ArrayList<>();
        List<DicomSeries> unread = new ArrayList<>();
        for (Path file : files) {
            try (DicomFile d = DicomFile.open(file)) {
                DataSet elements = d.elements();
                boolean picture = elements.find(Tag.PIXELS.number()) != null || elements.has(Tag.ROWS);
                if (!picture || OTHERS.contains(elements.text(Tag.SOP_CLASS))) {
                    left.add(file);
                } else {
                    all.addAll(FramePlace.of(d));
                }
            } catch (BadFileException e) {
                unread.add(new DicomSeries(file.toString(), List.of(), List.of(file), e));
            }
        }
        if (!left.isEmpty()) {
            note.accept(title + ": " + left.size() + (left.size() == 1 ? " file is" : " files are") + " left out, "
                    + left.getFirst().getFileName() + (left.size() == 1 ? "" : " among them")
                    + ": there are no pictures of a scanner in "
                    + (left.size() == 1 ? "it" : "them"));
        }
        List<List<FramePlace>> volumes = Series.apart(all);
        List<DicomSeries> out = new ArrayList<>();
        for (int i = 0; i < volumes.size(); i++) {
            List<FramePlace> v = volumes.get(i);
            boolean oneFile = v.getFirst().file().equals(v.getLast().file());
            out.add(new DicomSeries(oneFile
                    ? v.getFirst().file().toString()
                    : volumes.size() == 1 ? title : title + " volume " + (i + 1) + " of " + volumes.size(), v,
                    v.stream().map(FramePlace::file).distinct().toList(), null));
        }
        if (out.size() > 1 && out.stream().anyMatch(v -> v.files().size() > 1)) {
            note.accept(title + ": " + out.size() + " volumes, told apart by series, size, direction and time, of "
                    + String.join(", ", out.stream().map(v -> Integer.toString(v.frames.size())).toList()) + " slices");
        }
        out.addAll(unread);
        return out;
    }

    /** What it is called in messages. */
    public String title() {
        return title;
    }

    /** How many slices it has. */
    public int slices() {
        return frames.size();
    }

    /** The files that it is in. */
    public List<Path> files() {
        return files;
    }

    /**
     * Opens it.
     *
     * @throws BadFileException if slices lie at one place and nothing tells them apart, or a file is damaged or isn't read
     */
    public Volume open() {
        if (trouble != null) {
            throw trouble;
        }
        return new DicomVolume(title, frames);
    }
}
