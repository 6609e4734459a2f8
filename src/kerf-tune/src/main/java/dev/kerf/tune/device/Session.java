package dev.kerf.tune.device;

import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import dev.kerf.tune.Objective;
import dev.kerf.tune.result.Results.About;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Times;
import dev.kerf.tune.result.Trial.Validity;
import dev.kerf.tune.result.TrialLog;
import dev.kerf.tune.space.Space;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Trials that outlive their process: each is on the disk before the next begins, and what a file has isn't tried again. A
 * configuration that two processes ended in the middle of counts as failed: compilers and drivers can take the process with them.
 */
public final class Session implements Objective, AutoCloseable {
    /** So many processes may end while one configuration is tried. */
    private static final int DEATHS = 2;

    private final Space space;
    private final Function<Map<String, Json>, Trial> measure;
    private final TrialLog log;
    private final Path trying;
    private final Map<Integer, Trial> known = new HashMap<>();

    /**
     * Goes on with a file, or begins it.
     *
     * @param measure tries a configuration
     */
    public Session(Path file, About about, Space space, Function<Map<String, Json>, Trial> measure) {
        this.space = space;
        this.measure = measure;
        this.trying = file.resolveSibling(file.getFileName() + ".trying");
        this.log = new TrialLog(file, about);
        log.results().trials().forEach(t -> known.put(space.number(t.configuration()), t));
        known.remove(-1);
    }

    /** How many trials an earlier process left. */
    public int known() {
        return known.size();
    }

    /** All trials. */
    public Results results() {
        return log.results();
    }

    @Override
    public Trial evaluate(int configuration) {
        Trial before = known.get(configuration);
        if (before != null) {
            return before;
        }
        Map<String, Json> values = space.configuration(configuration);
        Trial trial;
        try {
            int deaths = begun(values.toString());
            trial = deaths >= DEATHS
                    ? new Trial(values, Validity.RUNTIME, Double.NaN, new Times(0, 0, 0, 0, 0, List.of()),
                            Instant.now().toString(), deaths + " processes ended while it was tried")
                    : measure.apply(values);
            log.add(trial);
            Files.deleteIfExists(trying);
        } catch (BackendUnavailableException e) {
            // Nothing is wrong with the configuration: what would try it isn't there.
            trying.toFile().delete();
            throw e;
        } catch (IOException e) {
            throw new BadFileException(trying + " can't be written (" + e + ")", e);
        }
        known.put(configuration, trial);
        return trial;
    }

    /** Notes what is tried now; how many processes ended in the middle of it. */
    private int begun(String configuration) throws IOException {
        List<String> lines = Files.exists(trying) ? Files.readAllLines(trying) : List.of();
        int deaths = (int) lines.stream().filter(configuration::equals).count();
        Files.writeString(trying, (configuration + "\n").repeat(deaths + 1));
        return deaths;
    }

    @Override
    public void close() {
        log.close();
    }
}
