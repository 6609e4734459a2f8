package dev.kerf.serve.clip;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import dev.kerf.mask.Palette;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The work on a video, kept on disk: the objects, what they are shown by in which frames, and their masks, a file for each frame
 * that has some. Every change is a file written anew and moved to its place, so that none is ever half there; in memory are only
 * the objects and which frames they were found in. May be used by many threads.
 */
public final class ClipWork {
    /** Numbers of objects go to this: a pixel of a label PNG has a byte. */
    public static final int MOST_OBJECTS = 255;
    private static final int LONGEST_NAME = 200;
    private static final int NEVER = -1;
    /** Members of a frame's file: its masks, and those that were found before an object was shown there. */
    private static final String OBJECTS = "objects";
    private static final String BEHIND = "behind";

    private final Path directory;
    private final int width;
    private final int height;
    private final TreeMap<Integer, Thing> things = new TreeMap<>();
    private long version;

    /** An object; changed under the work's lock alone. */
    private static final class Thing {
        private String name;
        private String colour;
        /** The frame from which on it is there no longer. */
        private int gone = NEVER;
        private final TreeMap<Integer, Json> shown = new TreeMap<>();
        private final BitSet found = new BitSet();
    }

    /**
     * The work of a folder, which is made when there is something to keep.
     *
     * @throws BadFileException if what is there can't be read
     */
    public ClipWork(Path directory, int width, int height) {
        this.directory = directory;
        this.width = width;
        this.height = height;
        if (Files.exists(track())) {
            Json kept = Json.read(track());
            version = kept.at("version").asLong();
            for (Json o : kept.at("objects").items()) {
                Thing thing = new Thing();
                thing.name = o.at("name").asString();
                thing.colour = o.at("colour").asString();
                thing.gone = o.find("gone").map(Json::asInt).orElse(NEVER);
                o.at("prompts").members().forEach((frame, shown) -> thing.shown.put(Integer.parseInt(frame), shown));
                things.put(o.at("object").asInt(), thing);
            }
            index();
        }
    }

    private Path track() {
        return directory.resolve("track.json");
    }

    private Path masks() {
        return directory.resolve("masks");
    }

    private Path file(int frame) {
        return masks().resolve(String.format("%06d.json", frame));
    }

    /** Which object was found in which frame. */
    private void index() {
        if (Files.isDirectory(masks())) {
            try (Stream<Path> all = Files.list(masks())) {
                for (Path file : (Iterable<Path>) all::iterator) {
                    String name = file.getFileName().toString();
                    if (name.matches("\\d{6,9}\\.json")) {
                        int frame = Integer.parseInt(name.substring(0, name.length() - 5));
                        found(frame).stream().map(f -> things.get(f.object())).filter(t -> t != null)
                                .forEach(t -> t.found.set(frame));
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Grows with every change of objects and of what they are shown by. */
    public synchronized long version() {
        return version;
    }

    /** The objects, with the stretches of frames that they were found in: first and last frame in turn. */
    public synchronized Json toJson() {
        Json objects = Json.array();
        things.forEach((number, t) -> {
            Json stretches = Json.array();
            for (int from = t.found.nextSetBit(0); from >= 0;) {
                int end = t.found.nextClearBit(from);
                stretches.add(Json.array().add(from).add(end - 1));
                from = t.found.nextSetBit(end);
            }
            objects.add(json(number, t).put("found", stretches));
        });
        return Json.object().put("version", version).put("objects", objects);
    }

    private static Json json(int number, Thing t) {
        Json prompts = Json.object();
        t.shown.forEach((frame, shown) -> prompts.put(Integer.toString(frame), shown));
        Json json = Json.object().put("object", number).put("name", t.name).put("colour", t.colour).put("prompts", prompts);
        return t.gone == NEVER ? json : json.put("gone", t.gone);
    }

    private void keep() {
        version++;
        Json objects = Json.array();
        things.forEach((number, t) -> objects.add(json(number, t)));
        write(track(), Json.object().put("version", version).put("width", width).put("height", height).put("objects", objects));
    }

    private static void write(Path file, Json json) {
        try {
            Files.createDirectories(file.getParent());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        AtomicFile.write(file, json.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Numbers of the objects. */
    public synchronized Set<Integer> objects() {
        return Set.copyOf(things.keySet());
    }

    /** An object's name. */
    public synchronized String name(int object) {
        return thing(object).name;
    }

    /** An object's colour, 0xRRGGBB. */
    public synchronized int colour(int object) {
        return Integer.parseInt(thing(object).colour.substring(1), 16);
    }

    /** Names and colours an object, which is a new one if there is none of this number. */
    public synchronized void describe(int object, String name, String colour) {
        if (name.length() > LONGEST_NAME || !colour.matches("#[0-9a-fA-F]{6}")) {
            throw new BadInputException(
                    "a name of " + LONGEST_NAME + " characters at most and a colour like #3a7bff are expected");
        }
        Thing t = things.computeIfAbsent(checked(object), _ -> new Thing());
        t.name = name;
        t.colour = colour;
        keep();
    }

    private static int checked(int object) {
        if (object < 1 || object > MOST_OBJECTS) {
            throw new BadInputException("object " + object + ": numbers go from 1 to " + MOST_OBJECTS);
        }
        return object;
    }

    private Thing thing(int object) {
        Thing t = things.get(object);
        if (t == null) {
            throw new BadInputException("there is no object " + object);
        }
        return t;
    }

    /** What objects are shown by, by object and frame: what has to be told to a new tracker. */
    synchronized Map<Integer, Map<Integer, Json>> shown() {
        Map<Integer, Map<Integer, Json>> all = new TreeMap<>();
        things.forEach((number, t) -> all.put(number, new TreeMap<>(t.shown)));
        return all;
    }

    /** Whether an object is there and shown by something in this frame. */
    public synchronized boolean isShown(int object, int frame) {
        Thing t = things.get(object);
        return t != null && t.shown.containsKey(frame);
    }

    /** The objects of some numbers that can be followed into a frame: they are shown somewhere, and not gone before. */
    synchronized Set<Integer> followed(Set<Integer> some, int frame) {
        Set<Integer> out = new LinkedHashSet<>();
        things.forEach((number, t) -> {
            if (some.contains(number) && !t.shown.isEmpty() && (t.gone == NEVER || frame < t.gone)) {
                out.add(number);
            }
        });
        return out;
    }

    /**
     * Keeps what an object is shown by in a frame and the mask that answered it; a new object gets a name and a colour. A mask that
     * was found there before is kept behind it, for {@link #hide}.
     */
    synchronized void show(int frame, Shown shown, Found answer) {
        Thing t = things.computeIfAbsent(checked(answer.object()), number -> {
            Thing made = new Thing();
            made.name = "object " + number;
            made.colour = String.format("#%06x", Palette.colour(number) & 0xffffff);
            return made;
        });
        List<Found> behind = new ArrayList<>(read(frame, BEHIND));
        if (!t.shown.containsKey(frame)) {
            found(frame).stream().filter(f -> f.object() == answer.object()).forEach(behind::add);
        }
        t.shown.put(frame, shown.json());
        t.gone = t.gone != NEVER && frame >= t.gone ? NEVER : t.gone;
        store(frame, with(found(frame), List.of(answer)), behind);
        t.found.set(frame);
        keep();
    }

    /** Forgets what an object is shown by in a frame, and its mask there: the one is back that was found before, if one was. */
    synchronized void hide(int frame, int object) {
        if (thing(object).shown.remove(frame) == null) {
            throw new BadInputException("object " + object + " isn't shown in frame " + frame);
        }
        List<Found> back = read(frame, BEHIND).stream().filter(f -> f.object() == object).toList();
        take(frame, object);
        if (!back.isEmpty()) {
            put(frame, back);
        }
        keep();
    }

    /** Forgets an object. */
    synchronized void remove(int object) {
        Thing t = thing(object);
        for (int frame : t.found.stream().toArray()) {
            take(frame, object);
        }
        things.remove(object);
        keep();
    }

    /** Lets an object end before a frame: its masks from there on are forgotten, and what shows it; returns whether something did. */
    synchronized boolean end(int object, int frame) {
        Thing t = thing(object);
        for (int f : t.found.stream().filter(f -> f >= frame).toArray()) {
            take(f, object);
        }
        boolean was = !t.shown.tailMap(frame, true).isEmpty();
        t.shown.tailMap(frame, true).clear();
        t.gone = frame;
        keep();
        return was;
    }

    /** The masks of a frame, in the order of the objects' numbers. */
    public synchronized List<Found> found(int frame) {
        return read(frame, OBJECTS);
    }

    private List<Found> read(int frame, String which) {
        if (!Files.exists(file(frame))) {
            return List.of();
        }
        return Json.read(file(frame)).find(which).map(Json::items).orElse(List.of()).stream()
                .map(j -> Found.of(j, width, height)).toList();
    }

    /** Keeps masks of a frame; others that are there of other objects stay. */
    synchronized void put(int frame, List<Found> answers) {
        Set<Integer> replaced = numbers(answers);
        // What was followed again has nothing behind it, unless it is shown there.
        List<Found> behind = read(frame, BEHIND).stream()
                .filter(f -> !replaced.contains(f.object()) || isShown(f.object(), frame)).toList();
        store(frame, with(found(frame), answers), behind);
        // One that was removed meanwhile has none any more.
        answers.stream().map(a -> things.get(a.object())).filter(t -> t != null).forEach(t -> t.found.set(frame));
    }

    private static Set<Integer> numbers(List<Found> some) {
        return some.stream().map(Found::object).collect(Collectors.toSet());
    }

    private static List<Found> with(List<Found> before, List<Found> answers) {
        Set<Integer> replaced = numbers(answers);
        return Stream.concat(answers.stream(), before.stream().filter(f -> !replaced.contains(f.object()))).toList();
    }

    private void take(int frame, int object) {
        store(frame, found(frame).stream().filter(f -> f.object() != object).toList(),
                read(frame, BEHIND).stream().filter(f -> f.object() != object).toList());
        thing(object).found.clear(frame);
    }

    private void store(int frame, List<Found> all, List<Found> behind) {
        Json json = Json.object().put("frame", frame).put(OBJECTS, json(all)).put(BEHIND, json(behind));
        if (json.at(OBJECTS).size() > 0) {
            write(file(frame), json);
            return;
        }
        try {
            Files.deleteIfExists(file(frame));
        } catch (IOException e) {
            throw new BadFileException(file(frame) + ": can't be removed (" + e.getMessage() + ")", e);
        }
    }

    /** Of those that there are still. */
    private Json json(List<Found> some) {
        Json objects = Json.array();
        some.stream().filter(f -> things.containsKey(f.object())).sorted(Comparator.comparingInt(Found::object))
                .forEach(f -> objects.add(f.toJson()));
        return objects;
    }
}
