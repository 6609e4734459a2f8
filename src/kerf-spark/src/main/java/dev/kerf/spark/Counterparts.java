package dev.kerf.spark;

import static org.apache.spark.sql.functions.col;

import dev.kerf.error.BadInputException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Which results have a truth and which images of the truth have a result, by their names.
 *
 * @param predicted where results are
 * @param truth     where the truth is
 * @param paired    names of both
 * @param missing   names without a result
 * @param failed    those of them whose result is an error
 * @param alone     names of results without a truth, the first of them
 * @param others    how many more there are
 */
record Counterparts(String predicted, String truth, SortedSet<String> paired, SortedSet<String> missing,
        SortedSet<String> failed,
        List<String> alone, long others) {
    private static final int MOST_NAMED = 5;

    /**
     * Looks at the names of all results; of those without a truth few are kept.
     *
     * @param results also those that failed
     * @param names   of the truth's images
     */
    static Counterparts of(Dataset<Row> results, Set<String> names, String predicted, String truth) {
        SortedSet<String> paired = new TreeSet<>();
        SortedSet<String> failed = new TreeSet<>();
        List<String> alone = new ArrayList<>();
        long others = 0;
        Iterator<Row> rows = results.select(col("path"), col("error").isNotNull()).toLocalIterator();
        while (rows.hasNext()) {
            Row row = rows.next();
            String name = Truth.stem(row.getString(0));
            if (names.contains(name)) {
                (row.getBoolean(1) ? failed : paired).add(name);
            } else if (!row.getBoolean(1) && alone.size() < MOST_NAMED) {
                alone.add(name);
            } else if (!row.getBoolean(1)) {
                others++;
            }
        }
        SortedSet<String> missing = new TreeSet<>(names);
        missing.removeAll(paired);
        failed.retainAll(missing);
        return new Counterparts(predicted, truth, paired, missing, failed, alone, others);
    }

    /**
     * Tells what has no counterpart, or refuses it.
     *
     * @param allowed whether it is left out
     * @param nothing whether an image without a result is one in which nothing was found
     * @throws BadInputException if it isn't allowed, or nothing is left to compare
     */
    void check(boolean allowed, boolean nothing, PrintWriter err) {
        List<String> told = new ArrayList<>();
        if (!alone.isEmpty()) {
            told.add("no truth for " + named(alone, others) + " in " + truth);
        }
        if (!missing.isEmpty()) {
            told.add("no result for " + named(missing, 0) + " in " + predicted + (failed.isEmpty()
                    ? ""
                    : "; of them failed (column error): " + named(failed, 0)));
        }
        String all = told.isEmpty() ? "no results in " + predicted : String.join("; ", told);
        if (paired.isEmpty()) {
            throw new BadInputException(all + "; nothing is left to compare");
        } else if (!allowed && !(alone.isEmpty() && (nothing || missing.isEmpty()))) {
            throw new BadInputException(all + "; --allow-missing compares the " + paired.size() + " others");
        } else if (!told.isEmpty()) {
            err.println("kerf-spark: " + all + (!allowed ? "; taken for images in which nothing is found" : ""));
        }
    }

    private static String named(Collection<String> names, long others) {
        long more = Math.max(0, names.size() - MOST_NAMED) + others;
        return String.join(", ", names.stream().limit(MOST_NAMED).toList()) + (more > 0 ? " and " + more + " more" : "");
    }
}
