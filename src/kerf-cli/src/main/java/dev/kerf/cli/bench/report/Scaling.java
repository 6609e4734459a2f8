package dev.kerf.cli.bench.report;

import dev.kerf.cli.console.Text;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Images a second over threads, batches and callers, where an engine was measured with several of the same work.
 *
 * @param row    what was measured
 * @param factor its images a second over those of the first row of the same work and engine, in the report's order
 */
record Scaling(Row row, double factor) {
    /** What a table of it is headed by. */
    static final List<String> HEAD = List.of("what", "engine", "threads", "batch", "callers", "images/s", "× the first");

    /** Work by an engine, whatever it is given of it at once. */
    private record Same(String name, String size, String precision, String engine) {
        static Same of(Subject s) {
            return new Same(s.name(), s.size(), s.precision(), s.engine());
        }
    }

    /** Rows whose work and engine were measured in several ways, those that belong together beside each other. */
    static List<Scaling> of(List<Row> rows) {
        Map<Same, List<Row>> all = new LinkedHashMap<>();
        rows.stream().filter(Row::success)
                .forEach(r -> all.computeIfAbsent(Same.of(r.subject()), _ -> new ArrayList<>()).add(r));
        List<Scaling> found = new ArrayList<>();
        all.values().stream().filter(same -> same.size() > 1).forEach(same -> same.forEach(
                r -> found.add(new Scaling(r, r.imagesPerSecond() / same.getFirst().imagesPerSecond()))));
        return found;
    }

    /** As a table's line. */
    List<String> cells() {
        Subject s = row.subject();
        return List.of(s.name() + (s.size() == null ? "" : " " + s.size()), s.engine(), Integer.toString(s.threads()),
                Integer.toString(s.batch()), Integer.toString(s.callers()), Text.fixed(row.imagesPerSecond(), 2),
                Text.fixed(factor, 2));
    }
}
