package dev.kerf.tune.result;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import dev.kerf.tune.result.Results.About;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A cache file of Kernel Tuner's form that trials are added to as they are made, each on the disk before the next begins. After
 * a process was killed the next one goes on with the same file: what it has needn't be tried again.
 */
public final class TrialLog implements AutoCloseable {
    private final Path file;
    private final About about;
    private final List<Trial> trials = new ArrayList<>();
    private final FileChannel out;

    /**
     * Opens a file or begins it.
     *
     * @throws BadFileException  if it can't be read or written
     * @throws BadInputException if it has trials of something else
     */
    public TrialLog(Path file, About about) {
        this.file = file;
        this.about = about;
        try {
            String body = KernelTunerCache.head(about);
            if (Files.exists(file) && Files.size(file) > 0) {
                String text = Files.readString(file).strip();
                Json json = KernelTunerCache.closed(text, file.toString());
                Results before = KernelTunerCache.read(json);
                String source = before.about().source();
                if (!source.isEmpty() && !source.equals(about.source())) {
                    throw new BadInputException(file + " has trials of another version of " + about.kernel()
                            + "'s source: give another place with --out, or remove it");
                }
                if (!KernelTunerCache.head(withSource(before.about())).equals(body)) {
                    throw new BadInputException(file + " has trials of something else (" + before.about().kernel() + " on "
                            + before.about().device() + "): give another place with --out, or remove it");
                }
                trials.addAll(before.trials());
                // Written anew, without what was cut off and open at its end.
                StringBuilder again = new StringBuilder(body);
                trials.forEach(t -> again.append(KernelTunerCache.line(about, t)));
                body = again.toString();
            }
            if (file.toAbsolutePath().getParent() != null) {
                Files.createDirectories(file.toAbsolutePath().getParent());
            }
            AtomicFile.write(file, body.getBytes(StandardCharsets.UTF_8));
            out = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new BadFileException(file + " can't be written (" + e + ")", e);
        }
    }

    /** What a file is of, with the source that is meant: those who don't say are taken at their word. */
    private About withSource(About a) {
        return new About(a.device(), a.kernel(), a.problem(), a.parameters(), a.objective(), about.source());
    }

    /** The trials, those of earlier processes first. */
    public Results results() {
        return new Results(about, trials);
    }

    /** Adds a trial. */
    public void add(Trial trial) {
        trials.add(trial);
        write(KernelTunerCache.line(about, trial));
    }

    private void write(String text) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(false);
        } catch (IOException e) {
            throw new BadFileException(file + " can't be written (" + e + ")", e);
        }
    }

    /** Ends the file so that any reader of JSON takes it. */
    @Override
    public void close() {
        try (out) {
            if (!trials.isEmpty()) {
                // The comma after the last entry; the channel appends, so the file is cut first.
                out.truncate(out.size() - 1);
            }
            write(KernelTunerCache.END);
        } catch (IOException e) {
            throw new BadFileException(file + " can't be written (" + e + ")", e);
        }
    }
}
