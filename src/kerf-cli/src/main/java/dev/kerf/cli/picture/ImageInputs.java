package dev.kerf.cli.picture;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.FileType;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The images that the arguments mean, and what to call what is made of each. */
final class ImageInputs {
    private static final List<String> ENDINGS = Stream.concat(Stream.of("npy", "npz"),
            Stream.of(FileType.values()).flatMap(type -> type.endings().stream())).sorted().toList();

    /** What Kerf adds to the name of an image: such a file beside the image is a result, not another image. */
    private static final Pattern RESULT = Pattern
            .compile("(.+?)(?:-page-\\d+)?-(?:labels|overlay|logits|panoptic|\\d{3,}-[\\p{L}\\p{N}._]+)");

    /**
     * One image.
     *
     * @param file     where it is
     * @param name     what its results are called before the ending; unlike that of any other input
     * @param page     from 0
     * @param pages    how many inputs the file gives
     * @param channels of a TIFF that are wanted, from 1; none for all
     */
    record Input(Path file, String name, int page, int pages, List<Integer> channels) {
        Image read() {
            return page == 0 && channels.isEmpty()
                    ? Image.read(file)
                    : Image.read(file, page, channels.stream().mapToInt(Integer::intValue).toArray());
        }

        /** The file and, where it gives more inputs, the page. */
        String title() {
            return pages > 1 ? file + " page " + (page + 1) : file.toString();
        }

        /** The same as members of a JSON object. */
        Json describe() {
            Json entry = Json.object().put("file", file.toString());
            return pages > 1 ? entry.put("page", page + 1) : entry;
        }
    }

    private ImageInputs() {}

    /**
     * Files as they are given, directories replaced by the images in them in order of name; each file once.
     *
     * @throws BadInputException if a directory holds no image
     */
    static List<Input> of(List<Path> arguments) {
        Map<Path, Path> files = new LinkedHashMap<>();
        for (Path argument : arguments) {
            for (Path file : Files.isDirectory(argument) ? within(argument) : List.of(argument)) {
                files.putIfAbsent(file.toAbsolutePath().normalize(), file);
            }
        }
        return named(List.copyOf(files.values()));
    }

    private static List<Path> within(Path directory) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String ending = entry.getFileName().toString();
                ending = ending.substring(ending.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
                if (ENDINGS.contains(ending) && Files.isRegularFile(entry)) {
                    found.add(entry);
                }
            }
        } catch (IOException e) {
            throw new BadFileException(directory + ": can't be listed (" + e + ")", e);
        }
        Set<String> stems = new HashSet<>();
        found.forEach(f -> stems.add(stem(f)));
        found.removeIf(f -> isResult(stem(f), stems));
        if (found.isEmpty()) {
            throw new BadInputException(directory + ": no images in it (looked for "
                    + String.join(", ", ENDINGS) + ")");
        }
        found.sort(null);
        return found;
    }

    private static boolean isResult(String stem, Set<String> stems) {
        Matcher m = RESULT.matcher(stem);
        return m.matches() && stems.contains(m.group(1));
    }

    /**
     * Makes sure that no result takes the place of an input.
     *
     * @param results files that are made of an input
     * @throws BadInputException naming the file
     */
    static void protect(List<Input> inputs, Function<Input, List<Path>> results) {
        Set<Path> sources = new HashSet<>();
        inputs.forEach(i -> sources.add(i.file().toAbsolutePath().normalize()));
        for (Input i : inputs) {
            for (Path file : results.apply(i)) {
                if (sources.contains(file.toAbsolutePath().normalize())) {
                    throw new BadInputException(file + ": the result for " + i.file()
                            + " would overwrite this input; choose another directory with --out");
                }
            }
        }
    }

    /** The name without its ending; the whole one where two differ in the ending only; numbered where even that is alike. */
    private static List<Input> named(List<Path> files) {
        Map<String, Integer> stems = new HashMap<>();
        Map<String, Integer> names = new HashMap<>();
        for (Path f : files) {
            stems.merge(stem(f), 1, Integer::sum);
            names.merge(f.getFileName().toString(), 1, Integer::sum);
        }
        Map<String, Integer> seen = new HashMap<>();
        List<Input> inputs = new ArrayList<>();
        for (Path f : files) {
            String name = f.getFileName().toString();
            int copy = seen.merge(name, 1, Integer::sum);
            inputs.add(new Input(f, stems.get(stem(f)) == 1 ? stem(f) : names.get(name) == 1 ? name : name + "-" + copy, 0, 1,
                    List.of()));
        }
        return inputs;
    }

    /** Whether the name says TIFF. */
    static boolean isTiff(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".tif") || name.endsWith(".tiff");
    }

    private static String stem(Path file) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return dot <= 0 ? name : name.substring(0, dot);
    }
}
