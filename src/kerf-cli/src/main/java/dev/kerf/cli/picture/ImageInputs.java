package dev.kerf.cli.picture;

import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.PathConverter;
import dev.kerf.cli.volume.VolumePictures;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo.FileType;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.LiveSource;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The images that the arguments mean, and what to call what is made of each. */
final class ImageInputs {
    /** Characters of a camera's name. */
    private static final int LONGEST = 100;
    private static final List<String> ENDINGS = Stream.concat(Stream.of("npy", "npz"),
            Stream.of(FileType.values()).flatMap(type -> type.endings().stream())).sorted().toList();

    /**
     * One image.
     *
     * @param file     where it is
     * @param name     what its results are called before the ending; unlike that of any other input
     * @param page     from 0
     * @param pages    how many inputs the file gives
     * @param channels of a TIFF that are wanted, from 1; none for all
     * @param trouble  why its results can't have a name; empty if they can
     * @param moment   of a video or camera; null of a picture
     */
    record Input(Path file, String name, int page, int pages, List<Integer> channels, String trouble, Moment moment) {
        /** A camera or stream. */
        static Input live(String address) {
            String shown = LiveSource.shown(address);
            String whole = shown.replaceAll("[^A-Za-z0-9._]+", "-").replaceAll("^[-.]+|-+$", "");
            String name = whole.substring(0, Math.min(LONGEST, whole.length()));
            return new Input(Path.of(name), name, 0, 1, List.of(), "", new Moment(address, shown, -1, "", null));
        }

        /** Whether it is a video or a camera. */
        boolean moves() {
            return moment != null && !moment.isFrame();
        }

        /** Whether it is a camera or a stream. */
        boolean isLive() { return moment != null && !moment.address().isEmpty(); }

        /** A frame of it. */
        Input frame(int number, String frame, Consumer<Image> joined) {
            return new Input(file, name + "/" + frame, page, pages, channels, trouble,
                    new Moment(moment.address(), moment.title(), number, frame, joined));
        }

        /** What the picture is called in files that name it. */
        String picture() {
            if (moment != null) {
                return name + ".png";
            }
            return pages > 1 ? name + ".png" : file.getFileName().toString();
        }

        /** Whether its overlay becomes part of a video. */
        boolean joined() {
            return moment != null && moment.joined() != null;
        }

        /** Writes its overlay, or gives it on. */
        void draw(Image overlay, Path png) {
            if (joined()) {
                moment.joined().accept(overlay);
            } else {
                overlay.writePng(png);
            }
        }

        /** @throws BadInputException if its results can't have a name */
        void check() {
            if (!trouble.isEmpty()) {
                throw new BadInputException(trouble);
            }
        }

        Image read() {
            check();
            if (VolumePictures.is(file)) {
                return VolumePictures.read(file, page);
            }
            return page == 0 && channels.isEmpty()
                    ? Image.read(file)
                    : Image.read(file, page, channels.stream().mapToInt(Integer::intValue).toArray());
        }

        /** The file and, where it gives more inputs, the page. */
        String title() {
            if (moment != null) {
                return moment.isFrame() ? moment.title() + " frame " + moment.number() : moment.title();
            }
            return pages > 1 ? file + " page " + (page + 1) : file.toString();
        }

        /** The same as members of a JSON object. */
        Json describe() {
            if (moment != null) {
                Json entry = Json.object().put("file", moment.title());
                return moment.isFrame() ? entry.put("frame", moment.number()) : entry;
            }
            Json entry = Json.object().put("file", file.toString());
            return pages > 1 ? entry.put("page", page + 1) : entry;
        }
    }

    private ImageInputs() {}

    /**
     * Files as they are given, directories replaced by the images in them in order of name; each file once.
     *
     * @param recursive whether the images in a directory's directories are meant too; links to directories aren't
     * @param results   the directory that isn't looked into on the way
     * @param note      is told of files in a directory that aren't taken
     * @throws BadInputException if a directory holds no image
     */
    static List<Input> of(List<String> arguments, boolean recursive, Path results, Consumer<String> note) {
        Map<Path, Input> files = new LinkedHashMap<>();
        for (String argument : arguments) {
            if (LiveSource.isAddress(argument)) {
                Input live = Input.live(argument);
                files.putIfAbsent(live.file(), live);
                continue;
            }
            Path given = Path.of(asNamed(argument));
            String trouble = trouble(argument);
            boolean directory = trouble.isEmpty() && Files.isDirectory(given);
            for (Path file : directory ? within(given, recursive, results, note) : List.of(given)) {
                String why = trouble.isEmpty() ? trouble(file.toString()) : trouble;
                files.putIfAbsent(file.toAbsolutePath().normalize(), new Input(file, stem(file), 0, 1, List.of(), why,
                        why.isEmpty() && isFilm(file) ? new Moment("", file.toString(), -1, "", null) : null));
            }
        }
        return named(List.copyOf(files.values()));
    }

    /** The name, or as much of it as a file can have. */
    private static String asNamed(String name) {
        return trouble(name).isEmpty()
                ? name
                : name.codePoints().mapToObj(Character::toString).map(c -> trouble(c).isEmpty() ? c : "?")
                        .collect(Collectors.joining());
    }

    private static String trouble(String name) {
        try {
            PathConverter.path(name);
            return "";
        } catch (BadInputException e) {
            return e.getMessage();
        }
    }

    private static List<Path> within(Path directory, boolean recursive, Path results, Consumer<String> note) {
        List<Path> found = new ArrayList<>();
        try {
            collect(directory, recursive, results, note, found);
        } catch (IOException e) {
            throw new BadFileException(directory + ": can't be listed (" + e + ")", e);
        }
        if (found.isEmpty()) {
            throw new BadInputException(directory + ": no images in it (looked for " + String.join(", ", ENDINGS) + ")"
                    + (recursive ? "" : "; --recursive looks into its directories too"));
        }
        return found;
    }

    private static void collect(Path directory, boolean recursive, Path out, Consumer<String> note, List<Path> found)
            throws IOException {
        List<Path> images = new ArrayList<>();
        List<Path> directories = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String ending = entry.getFileName().toString();
                ending = ending.substring(ending.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
                if ((ENDINGS.contains(ending) || FileType.knows(ending) || VolumePictures.isNamed(entry))
                        && Files.isRegularFile(entry)) {
                    images.add(entry);
                } else if (recursive && Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)
                        && !(Files.exists(out) && Files.isSameFile(entry, out))) {
                    directories.add(entry);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        images.sort(null);
        List<Path> results = EarlierResults.among(images);
        if (!results.isEmpty()) {
            note.accept(directory + ": left out as results of an earlier run, to be named if they are wanted: "
                    + results.stream().map(f -> f.getFileName().toString()).collect(Collectors.joining(", ")));
            images.removeAll(results);
        }
        found.addAll(images);
        directories.sort(null);
        for (Path d : directories) {
            collect(d, true, out, note, found);
        }
    }

    /**
     * Takes the files of results, so that none takes the place of an input or of another's result.
     *
     * @param results files that are made of an input
     * @throws BadInputException naming the file
     */
    static Claims claims(List<Input> inputs, Path weights, Function<Input, List<Path>> results) {
        return claims(inputs, weights == null ? List.of() : List.of(weights), results);
    }

    /** Likewise where other files are read, too. */
    static Claims claims(List<Input> inputs, List<Path> others, Function<Input, List<Path>> results) {
        List<Path> read = new ArrayList<>(inputs.stream().map(Input::file).toList());
        read.addAll(others);
        Claims claims = new Claims(read);
        inputs.stream().filter(i -> i.trouble.isEmpty()).forEach(i -> claims.take(i.title(), results.apply(i), "--out"));
        return claims;
    }

    /** The name without its ending; the whole one where two differ in the ending only; numbered where even that is taken. */
    private static List<Input> named(List<Input> inputs) {
        Map<String, Integer> stems = new HashMap<>();
        Map<String, Integer> names = new HashMap<>();
        for (Input i : inputs) {
            stems.merge(i.name, 1, Integer::sum);
            names.merge(i.file.getFileName().toString(), 1, Integer::sum);
        }
        Set<String> taken = new HashSet<>();
        List<Input> out = new ArrayList<>();
        for (Input i : inputs) {
            String whole = i.file.getFileName().toString();
            String name = stems.get(i.name) == 1 && taken.add(i.name)
                    ? i.name
                    : names.get(whole) == 1 && taken.add(whole) ? whole : numbered(whole, taken);
            out.add(new Input(i.file, name, i.page, i.pages, i.channels, i.trouble, i.moment));
        }
        return out;
    }

    /** The name with the first number that makes it another than those that are taken; takes it. */
    static String numbered(String name, Set<String> taken) {
        int number = 1;
        while (!taken.add(name + "-" + number)) {
            number++;
        }
        return name + "-" + number;
    }

    /** Whether it is a video by its name; what is in it decides how it is read. */
    private static boolean isFilm(Path file) {
        String name = file.getFileName().toString();
        return FrameSource.ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    }

    /** Whether the name says TIFF. */
    static boolean isTiff(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".tif") || name.endsWith(".tiff");
    }

    static String stem(Path file) {
        String name = file.getFileName().toString();
        int dot = name.toLowerCase(Locale.ROOT).endsWith(".nii.gz") ? name.length() - 7 : name.lastIndexOf('.');
        return dot <= 0 ? name : name.substring(0, dot);
    }
}
