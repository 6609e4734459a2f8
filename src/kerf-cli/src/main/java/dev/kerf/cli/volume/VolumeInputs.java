package dev.kerf.cli.volume;

import dev.kerf.cli.option.PathConverter;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.medical.Volume;
import dev.kerf.medical.nifti.Nifti;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The volumes that arguments mean. */
public final class VolumeInputs {
    private static final String LABELS = "-labels";

    /**
     * A volume.
     *
     * @param title what it is called in what is said of it
     * @param name  what its results are called before the ending, unlike that of any other
     * @param files that are read
     * @param open  opens it, to be closed
     */
    public record Input(String title, String name, List<Path> files, Supplier<Volume> open) {}

    private VolumeInputs() {}

    /** Whether an argument is a volume, or a folder with one in it. */
    public static boolean wanted(List<String> arguments) {
        return arguments.stream().anyMatch(a -> {
            Path path;
            try {
                path = PathConverter.path(a);
            } catch (BadInputException e) {
                // Told when it is read.
                return false;
            }
            return isVolume(path) || Files.isDirectory(path) && !within(path).isEmpty();
        });
    }

    /** Whether a file is named as a volume's, or begins as one. */
    public static boolean isVolume(Path file) {
        if (Files.isDirectory(file) || !Nifti.isNamed(file)) {
            return false;
        }
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        // Pictures of disks and other things are named .img, too.
        return name.endsWith(".nii") || name.endsWith(".nii.gz") || Nifti.isPair(file);
    }

    private static List<Path> within(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> Files.isRegularFile(f) && isVolume(f)).sorted().toList();
        } catch (IOException e) {
            throw new BadFileException(folder + ": can't be listed (" + e + ")", e);
        }
    }

    /**
     * The volumes of files and folders, each once.
     *
     * @param recursive whether folders in folders are meant, too
     * @param results   the folder that isn't looked into on the way
     * @param note      is told of what is left out
     * @throws BadInputException if an argument is no volume
     */
    public static List<Input> of(List<String> arguments, boolean recursive, Path results, Consumer<String> note) {
        Set<Path> files = new LinkedHashSet<>();
        for (String argument : arguments) {
            Path path = PathConverter.path(argument);
            if (Files.isDirectory(path)) {
                int before = files.size();
                collect(path, recursive, results, note, files);
                if (files.size() == before) {
                    throw new BadInputException(path + ": no volumes in it; give volumes and pictures to calls of their own");
                }
            } else if (!isVolume(path)) {
                throw new BadInputException(path + ": is no volume; give volumes and pictures to calls of their own");
            } else {
                files.add(path);
            }
        }
        Set<String> taken = new HashSet<>();
        List<Input> inputs = new ArrayList<>();
        for (Path file : files) {
            String name = Nifti.stem(file);
            inputs.add(new Input(file.toString(), free(name, taken), List.of(file), () -> Nifti.open(file)));
        }
        return inputs;
    }

    private static String free(String name, Set<String> taken) {
        String free = name;
        for (int n = 1; !taken.add(free); n++) {
            free = name + "-" + n;
        }
        return free;
    }

    private static void collect(Path folder, boolean recursive, Path results, Consumer<String> note, Set<Path> into) {
        List<Path> found = within(folder);
        Set<String> stems = new HashSet<>();
        found.forEach(f -> stems.add(Nifti.stem(f)));
        for (Path file : found) {
            String stem = Nifti.stem(file);
            if (stem.endsWith(LABELS) && stems.contains(stem.substring(0, stem.length() - LABELS.length()))) {
                note.accept(file + ": left out as a result of an earlier run, to be named if it is wanted");
            } else if (!Nifti.isBody(file)) {
                into.add(file);
            }
        }
        if (recursive) {
            try (Stream<Path> all = Files.list(folder)) {
                for (Path inner : all.filter(f -> Files.isDirectory(f, LinkOption.NOFOLLOW_LINKS)).sorted().toList()) {
                    if (!(Files.exists(results) && Files.isSameFile(inner, results))) {
                        collect(inner, true, results, note, into);
                    }
                }
            } catch (IOException e) {
                throw new BadFileException(folder + ": can't be listed (" + e + ")", e);
            }
        }
    }
}
