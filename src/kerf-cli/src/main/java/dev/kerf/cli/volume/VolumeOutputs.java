package dev.kerf.cli.volume;

import dev.kerf.cli.volume.VolumeInputs.Input;
import dev.kerf.medical.LabelVolume;
import dev.kerf.medical.Volume;
import dev.kerf.medical.nifti.Nifti;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * The files that are made of each volume.
 *
 * @param directory  where they go
 * @param background tells the class that is nothing, -1 for none, by the names of classes
 */
public record VolumeOutputs(Path directory, ToIntFunction<List<String>> background) {
    /** The class that is nothing. */
    int background(List<String> classes) {
        return background.applyAsInt(classes);
    }

    /** The files of one volume. */
    List<Path> files(Input input) {
        return List.of(directory.resolve(input.name() + "-labels.nii.gz"));
    }

    /** Refuses a volume of which they can't be made, before the work. */
    void check(Volume volume) {
        Nifti.checkRegular(volume);
    }

    /** Writes the files of one volume. */
    List<Path> write(Input input, Volume volume, LabelVolume labels, List<String> classes) {
        List<Path> files = files(input);
        Nifti.write(labels, volume, files.getFirst());
        return files;
    }
}
