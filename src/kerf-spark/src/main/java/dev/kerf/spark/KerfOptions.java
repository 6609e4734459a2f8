package dev.kerf.spark;

import dev.kerf.error.BadInputException;
import java.io.Serial;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * What is asked of each image, of which network and how: a task and the options that {@link KerfJob} takes for it, by the same names. They
 * are checked when they are given, and travel to executors.
 *
 * <pre>{@code
 * KerfOptions.of(Task.SEGMENT)                                                        // the network that comes with Kerf
 * KerfOptions.of(Task.DETECT).with("weights", "hdfs:///models/maskrcnn.pth").with("score", "0.7")
 * }</pre>
 */
public final class KerfOptions implements Serializable {
    @Serial
    private static final long serialVersionUID = 1L;

    private final Task task;
    private final ArrayList<String> given;
    private transient Settings settings;

    private KerfOptions(Task task, List<String> given) {
        this.task = task;
        this.given = new ArrayList<>(given);
        this.settings = parse(given);
        if (settings.weights == null && task != Task.SEGMENT) {
            throw new BadInputException(task.name().toLowerCase(Locale.ROOT)
                    + " needs --weights: the network that comes with Kerf segments cells, and nothing else");
        }
    }

    /** The task with what is usual; all but {@link Task#SEGMENT} need weights: {@link #of(Task, Map)}. */
    public static KerfOptions of(Task task) {
        return new KerfOptions(task, List.of());
    }

    /**
     * The task with options by their names without dashes, such as {@code weights} and {@code tile}.
     *
     * @throws BadInputException if there is no such option, its value makes no sense, or the task needs weights
     */
    public static KerfOptions of(Task task, Map<String, String> options) {
        List<String> given = new ArrayList<>();
        options.forEach((name, value) -> given.add("--" + name + "=" + value));
        return new KerfOptions(task, given);
    }

    /** As written on a command line. */
    static KerfOptions of(Task task, List<String> given) {
        return new KerfOptions(task, given);
    }

    /**
     * This with one more option; the last of a name counts.
     *
     * @param name without dashes, such as {@code batch}
     * @throws BadInputException if there is no such option, or its value makes no sense
     */
    public KerfOptions with(String name, String value) {
        List<String> all = new ArrayList<>(given);
        all.removeIf(g -> g.startsWith("--" + name + "="));
        all.add("--" + name + "=" + value);
        return new KerfOptions(task, all);
    }

    /** The task. */
    public Task task() {
        return task;
    }

    /** The options as a line, which is the same for the same options. */
    String line() {
        return task + " " + String.join(" ", given);
    }

    /** What results depend on: all but where the weights lie, on which device and how many at once. */
    String asked() {
        return task + given.stream().filter(g -> !g.matches("--(weights|backend|batch|stream-above)=.*")).sorted()
                .map(g -> " " + g).collect(Collectors.joining());
    }

    synchronized Settings settings() {
        if (settings == null) {
            settings = parse(given);
        }
        return settings;
    }

    private static Settings parse(List<String> given) {
        Settings out = new Settings();
        try {
            new CommandLine(out).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(given.toArray(String[]::new));
            return out;
        } catch (ParameterException e) {
            throw new BadInputException(e.getMessage(), e);
        }
    }

    /** The task and the options as on the command line. */
    @Override
    public String toString() {
        return line();
    }
}
