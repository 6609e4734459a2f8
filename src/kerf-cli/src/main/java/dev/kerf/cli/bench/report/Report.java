package dev.kerf.cli.bench.report;

import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What one call of {@code kerf bench} found, as JSON Lines: the environment, then a line for each row.
 *
 * @param environment where and how
 * @param rows        in order of measurement
 */
public record Report(Environment environment, List<Row> rows) {
    /** Copies the list. */
    public Report {
        rows = List.copyOf(rows);
    }

    /** All lines. */
    public String lines() {
        StringBuilder s = new StringBuilder(environment.json().toString()).append('\n');
        rows.forEach(r -> s.append(r.json(environment.run())).append('\n'));
        return s.toString();
    }

    /**
     * Reads a file of lines.
     *
     * @throws BadFileException if it can't be read, or isn't such a report
     */
    public static Report read(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (NoSuchFileException e) {
            throw new BadFileException(file + ": no such file", e);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be read (" + e + ")", e);
        }
        Environment environment = null;
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            Json line = Json.parse(lines.get(i), file + ", line " + (i + 1));
            if (!line.at("kind").asString().equals(environment == null ? "environment" : "row")) {
                throw line.at("kind").error("expected one environment, then rows");
            } else if (environment == null) {
                environment = Environment.of(line);
            } else {
                rows.add(Row.of(line));
            }
        }
        if (environment == null) {
            throw new BadFileException(file + ": no report of 'kerf bench': it has no lines");
        }
        return new Report(environment, rows);
    }
}
