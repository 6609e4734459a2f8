package dev.kerf.cli.volume;

import dev.kerf.cli.volume.VolumeInputs.Input;
import dev.kerf.error.BadInputException;
import dev.kerf.medical.LabelVolume;
import dev.kerf.medical.Volume;
import dev.kerf.medical.dicom.DicomSegmentation;
import dev.kerf.medical.dicom.DicomSegmentation.Code;
import dev.kerf.medical.dicom.DicomSegmentation.Segment;
import dev.kerf.medical.nifti.Nifti;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * The files that are made of each volume.
 *
 * @param directory  where they go
 * @param kinds      which; none for what the volume itself is
 * @param background tells the class that is nothing, -1 for none, by the names of classes
 * @param codes      what classes are
 */
public record VolumeOutputs(Path directory, Set<Kind> kinds, ToIntFunction<List<String>> background, List<ClassCode> codes) {
    /** Files of labels. */
    public enum Kind {
        /** NAME-labels.nii.gz. */
        NIFTI(".nii.gz"),
        /** NAME-labels.dcm. */
        SEG(".dcm");

        private final String ending;

        Kind(String ending) {
            this.ending = ending;
        }
    }

    /** The class that is nothing. */
    int background(List<String> classes) {
        return background.applyAsInt(classes);
    }

    private Path file(Input input, Kind kind) {
        return directory.resolve(input.name() + "-labels" + kind.ending);
    }

    private Set<Kind> kinds(Input input) {
        return !kinds.isEmpty() ? kinds : Set.of(input.dicom() ? Kind.SEG : Kind.NIFTI);
    }

    /** The files of one volume. */
    List<Path> files(Input input) {
        return kinds(input).stream().sorted().map(k -> file(input, k)).toList();
    }

    /** Refuses a volume of which they can't be made, before the work. */
    void check(Input input, Volume volume) {
        for (Kind kind : kinds(input)) {
            switch (kind) {
                case NIFTI -> Nifti.checkRegular(volume);
                case SEG -> DicomSegmentation.check(volume);
            }
        }
    }

    /** Refuses codes of classes that there aren't. */
    void check(List<String> classes) {
        segments(classes);
    }

    /** Writes the files of one volume. */
    List<Path> write(Input input, Volume volume, LabelVolume labels, List<String> classes) {
        for (Kind kind : kinds(input)) {
            switch (kind) {
                case NIFTI -> Nifti.write(labels, volume, file(input, kind));
                case SEG -> DicomSegmentation.write(labels, volume, segments(classes), file(input, kind));
            }
        }
        return files(input);
    }

    /** Every class but the background. */
    private List<Segment> segments(List<String> classes) {
        int nothing = background(classes);
        List<ClassCode> left = new ArrayList<>(codes);
        List<Segment> out = new ArrayList<>();
        for (int c = 0; c < classes.size(); c++) {
            String number = Integer.toString(c);
            String name = classes.get(c);
            ClassCode code = left.stream().filter(k -> k.of().equals(name) || k.of().equals(number)).findFirst()
                    .orElse(new ClassCode(name, Code.TISSUE, Code.TISSUE));
            left.remove(code);
            if (c != nothing) {
                out.add(new Segment(c, name, code.category(), code.type()));
            }
        }
        if (!left.isEmpty()) {
            throw new BadInputException(
                    "--codes " + left.getFirst().of() + ": there is no such class, or it is named twice; there are "
                            + String.join(", ", classes));
        }
        return out;
    }
}
