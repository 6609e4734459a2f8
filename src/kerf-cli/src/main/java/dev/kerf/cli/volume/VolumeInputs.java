package dev.kerf.cli.volume;

import dev.kerf.cli.option.PathConverter;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.medical.Volume;
import dev.kerf.medical.dicom.DicomSeries;
import dev.kerf.medical.nifti.Nifti;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The volumes that arguments mean. */
public final class VolumeInputs {
    private static final String LABELS = "-labels";
    private static final String DICOM = ".dcm";

    /**
     * A volume.
     *
     * @param title what it is called in what is said of it
     * @param name  what its results are called before the ending, unlike that of any other
     * @param files that are read
     * @param dicom whether they are DICOM files
     * @param open  opens it, to be closed
     */
    public record Input(String title, String name, List<Path> files, boolean dicom, Supplier<Volume> open) {}

    private VolumeInputs() {}

    /**
     * Whether an argument is a volume, or a folder with one in it.
     *
     * @param recursive whether folders in folders are meant, too
     */
    public static boolean wanted(List<String> arguments, boolean recursive) {
        return arguments.stream().anyMatch(a -> {
            Path path;
            try {
                path = PathConverter.path(a);
            } catch (BadInputException e) {
                // Told when it is read.
                return false;
            }
            return isVolume(path) || Files.isDirectory(path) && holds(path, recursive);
        });
    }

    /** Whether a file is named as a volume's, or begins as one. */
    public static boolean isVolume(Path file) {
        return isNifti(file) || isDicom(file);
    }

    private static boolean isNifti(Path file) {
        if (Files.isDirectory(file) || !Nifti.isNamed(file)) {
            return false;
        }
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        // Pictures of disks and other things are named .img, too.
        return name.endsWith(".nii") || name.endsWith(".nii.gz") || Nifti.isPair(file);
    }

    /** By its content, since scanners name files as they like; pictures aren't looked into. */
    private static boolean isDicom(Path file) {
        Path last = file.getFileName();
        String name = last == null ? "" : last.toString().toLowerCase(Locale.ROOT);
        return !Files.isDirectory(file) && (name.endsWith(DICOM)
                || !name.matches(".*\\.(png|jpe?g|bmp|gif|tiff?|np[yz])") && DicomSeries.looksLike(file));
    }

    private static boolean holds(Path folder, boolean recursive) {
        if (!within(folder).isEmpty()) {
            return true;
        } else if (!recursive) {
            return false;
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.anyMatch(f -> Files.isDirectory(f, LinkOption.NOFOLLOW_LINKS) && holds(f, true));
        } catch (IOException e) {
            throw new BadFileException(folder + ": can't be listed (" + e + ")", e);
        }
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
        Set<Path> alone = new LinkedHashSet<>();
        Map<Path, Set<Path>> folders = new LinkedHashMap<>();
        for (String argument : arguments) {
            Path path = PathConverter.path(argument);
            if (Files.isDirectory(path)) {
                int before = files.size();
                Set<Path> dicom = folders.computeIfAbsent(path, _ -> new LinkedHashSet<>());
                collect(path, recursive, results, note, files, dicom);
                if (files.size() == before && dicom.isEmpty()) {
                    throw new BadInputException(path + ": no volumes in it; give volumes and pictures to calls of their own");
                }
            } else if (!isVolume(path)) {
                throw new BadInputException(path + ": is no volume; give volumes and pictures to calls of their own");
            } else {
                (isNifti(path) ? files : alone).add(path);
            }
        }
        Set<String> taken = new HashSet<>();
        List<Input> inputs = new ArrayList<>();
        for (Path file : files) {
            inputs.add(new Input(file.toString(), free(Nifti.stem(file), taken), List.of(file), false, () -> Nifti.open(file)));
        }
        if (!alone.isEmpty()) {
            Path parent = alone.iterator().next().toAbsolutePath().normalize().getParent();
            add(inputs, alone, alone.size() == 1 ? alone.iterator().next() : parent, note, taken);
        }
        folders.forEach((folder, dicom) -> add(inputs, dicom, folder, note, taken));
        return inputs;
    }

    /** DICOM files that may be of one series: those that were named, or those of a folder. */
    private static void add(List<Input> inputs, Set<Path> files, Path of, Consumer<String> note, Set<String> taken) {
        List<DicomSeries> found = DicomSeries.among(List.copyOf(files), of.toString(), note);
        for (int i = 0; i < found.size(); i++) {
            DicomSeries series = found.get(i);
            List<Path> own = series.files();
            String name = own.size() == 1
                    ? stem(own.getFirst())
                    : of.toAbsolutePath().normalize().getFileName() + (found.size() == 1 ? "" : "-" + (i + 1));
            inputs.add(new Input(series.title(), free(name, taken), own, true, series::open));
        }
    }

    private static String stem(Path file) {
        String name = file.getFileName().toString();
        return name.toLowerCase(Locale.ROOT).endsWith(DICOM) && name.length() > DICOM.length()
                ? name.substring(0, name.length() - DICOM.length())
                : name;
    }

    private static String free(String name, Set<String> taken) {
        String free = name;
        for (int n = 1; !taken.add(free); n++) {
            free = name + "-" + n;
        }
        return free;
    }

    private static void collect(Path folder, boolean recursive, Path results, Consumer<String> note, Set<Path> nifti,
            Set<Path> dicom) {
        List<Path> found = within(folder);
        Set<String> stems = new HashSet<>();
        found.forEach(f -> stems.add(Nifti.stem(f)));
        for (Path file : found) {
            String stem = Nifti.stem(file);
            if (!isNifti(file)) {
                dicom.add(file);
            } else if (stem.endsWith(LABELS) && stems.contains(stem.substring(0, stem.length() - LABELS.length()))) {
                note.accept(file + ": left out as a result of an earlier run, to be named if it is wanted");
            } else if (!Nifti.isBody(file)) {
                nifti.add(file);
            }
        }
        if (recursive) {
            try (Stream<Path> all = Files.list(folder)) {
                for (Path inner : all.filter(f -> Files.isDirectory(f, LinkOption.NOFOLLOW_LINKS)).sorted().toList()) {
                    if (!(Files.exists(results) && Files.isSameFile(inner, results))) {
                        collect(inner, true, results, note, nifti, dicom);
                    }
                }
            } catch (IOException e) {
                throw new BadFileException(folder + ": can't be listed (" + e + ")", e);
            }
        }
    }
}
