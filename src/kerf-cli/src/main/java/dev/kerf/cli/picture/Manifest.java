package dev.kerf.cli.picture;

import dev.kerf.cli.console.Version;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Which images are done, beside their results: a line of JSON each, appended when the image's files are in their places, so that a run
 * that was stopped, however, can go on. When all have been tried it goes, unless it is asked for. One process at a time writes it; used by one thread.
 */
final class Manifest implements AutoCloseable {
    static final String NAME = "kerf-manifest.jsonl";

    private final Path file;
    private final Path directory;
    private final Made made;
    /** Whether it stays when all is done. */
    private final boolean keeps;
    /** By image its last line; empty where nothing is to be skipped. */
    private final Map<String, Json> done = new HashMap<>();
    /** Null until there is something to write, and where somebody else writes. */
    private FileChannel channel;
    private boolean writes;
    /** Whether it wasn't there before, and nothing is left for it to say. */
    private boolean begun;
    private boolean over;

    /**
     * How results come about.
     *
     * @param command its name
     * @param model   a hash of the weights, when it is known
     * @param options a hash of what was asked for
     */
    record Made(String command, Supplier<String> model, String options) {}

    /**
     * What tells whether a file changes.
     *
     * @param size     in bytes
     * @param modified when
     */
    record Stamp(long size, String modified) {
        /** Of a file; null if there is none. */
        static Stamp of(Input input) {
            try {
                return input.trouble().isEmpty()
                        ? new Stamp(Files.size(input.file()), Files.getLastModifiedTime(input.file()).toString())
                        : null;
            } catch (IOException e) {
                // Reading it will say why.
                return null;
            }
        }
    }

    private Manifest(Path directory, Made made, boolean writes, boolean keeps) {
        this.keeps = keeps;
        this.directory = directory;
        this.file = directory.resolve(NAME);
        this.made = made;
        this.writes = writes;
    }

    /** Nothing is done and nothing is noted. */
    static Manifest none() {
        return new Manifest(Path.of(""), null, false, false);
    }

    /**
     * That of a directory, begun if there is none.
     *
     * @param resume whether what is done is skipped; otherwise it is done again
     * @throws BadFileException if it is to be resumed and is another's, or can't be read
     */
    static Manifest open(Path directory, Made made, boolean resume) {
        Manifest m = new Manifest(directory, made, true, resume);
        try {
            if (Files.exists(m.file)) {
                m.load(resume);
            }
        } catch (IOException e) {
            m.close();
            if (resume) {
                throw new BadFileException(m.file + ": can't be read or written (" + e.getMessage() + ")", e);
            }
            m.writes = false;
        } catch (RuntimeException e) {
            m.close();
            throw e;
        }
        return m;
    }

    private void load(boolean resume) throws IOException {
        if (!lock()) {
            if (resume) {
                throw new BadFileException(
                        file + ": another run writes it; wait for its end, or choose another directory with --out");
            }
            return;
        }
        byte[] all = Channels.newInputStream(channel.position(0)).readAllBytes();
        int end = all.length;
        while (end > 0 && all[end - 1] != '\n') {
            end--;
        }
        boolean mine = true;
        boolean any = false;
        for (int from = 0; from < end;) {
            int to = from;
            while (all[to] != '\n') {
                to++;
            }
            Json line = line(new String(all, from, to - from, StandardCharsets.UTF_8));
            from = to + 1;
            if (line != null) {
                any = true;
                String difference = difference(line);
                if (!difference.isEmpty() && resume) {
                    throw new BadFileException(
                            file + ": is of a run with " + difference + "; choose another directory with --out, or leave"
                                    + " --resume out to begin anew");
                }
                mine &= difference.isEmpty();
                done.put(line.at("input").asString(), line);
            }
        }
        if (!any && end > 0) {
            throw new BadFileException(file + ": is no manifest of Kerf's; move it away");
        }
        // What a kill left of a line, or all that another network made.
        channel.truncate(mine ? end : 0);
        channel.position(channel.size());
        if (!resume) {
            done.clear();
        }
    }

    /** Null if it is none. */
    private static Json line(String text) {
        try {
            Json line = Json.parse(text, NAME);
            for (String name : List.of("input", "name", "kerf", "command", "model", "options")) {
                line.at(name).asString();
            }
            line.at("outputs").items().forEach(Json::asString);
            return line;
        } catch (KerfException e) {
            return null;
        }
    }

    /** How a line was made otherwise; empty if it wasn't. */
    private String difference(Json line) {
        if (!line.at("command").asString().equals(made.command)) {
            return "another command, " + line.at("command").asString();
        } else if (!line.at("kerf").asString().equals(Version.text())) {
            return "another version, " + line.at("kerf").asString();
        } else if (!line.at("model").asString().equals(made.model.get())) {
            return "other weights";
        }
        return line.at("options").asString().equals(made.options) ? "" : "other options or another back end";
    }

    /** Whether it is ours to write. */
    private boolean lock() throws IOException {
        if (channel == null) {
            boolean there = Files.exists(file);
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                writes = channel.tryLock() != null;
            } catch (OverlappingFileLockException e) {
                writes = false;
            }
            begun = writes && !there;
            if (writes) {
                channel.position(channel.size());
            } else {
                channel.close();
            }
        }
        return writes;
    }

    private static String key(Input input) {
        return input.file().toAbsolutePath().normalize() + (input.pages() > 1 ? " page " + (input.page() + 1) : "")
                + (input.channels().isEmpty() ? "" : " channels " + input.channels());
    }

    /** What an earlier run kept of an image that is done and hasn't changed, and whose results are there and called so. */
    Optional<Json> done(Input input, String called) {
        Json line = done.isEmpty() ? null : done.get(key(input));
        if (line == null || !line.at("name").asString().equals(called)
                || !Objects.equals(stamp(line), Stamp.of(input))
                || !line.at("outputs").items().stream().allMatch(o -> Files.exists(directory.resolve(o.asString())))) {
            return Optional.empty();
        }
        return Optional.of(line.find("kept").orElse(Json.object()));
    }

    private static Stamp stamp(Json line) {
        return new Stamp(line.at("size").asLong(), line.at("modified").asString());
    }

    /**
     * Notes an image whose files are in their places.
     *
     * @param called what they are called
     * @param before of the image's file before it was read; null if it had none
     * @throws BadFileException if that can't be written
     */
    void add(Input input, String called, Stamp before, ImageRun.Written written) {
        if (!writes || before == null) {
            return;
        }
        Json line = Json.object().put("input", key(input)).put("name", called).put("size", before.size)
                .put("modified", before.modified).put("kerf", Version.text()).put("command", made.command)
                .put("model", made.model.get()).put("options", made.options).put("outputs", written.outputs().stream()
                        .map(o -> directory.toAbsolutePath().relativize(o.toAbsolutePath()).toString()).toList());
        if (written.kept().size() > 0) {
            line.put("kept", written.kept());
        }
        try {
            if (lock()) {
                OutputStream out = Channels.newOutputStream(channel);
                out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            writes = false;
            throw new BadFileException(file + ": can't be written (" + e.getMessage() + "); --resume won't skip what follows",
                    e);
        }
    }

    /** All images were tried: nobody has to go on, and a record that wasn't asked for goes. */
    void complete() {
        over = true;
    }

    @Override
    public void close() {
        try {
            if (begun && over && !keeps) {
                Files.deleteIfExists(file);
            }
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // Its lines are written.
            channel = null;
        }
    }
}
