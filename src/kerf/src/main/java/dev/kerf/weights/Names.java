package dev.kerf.weights;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Names of tensors in messages. */
final class Names {
    private static final int LONGEST = 200;

    private Names() {}

    /** A name in quotes, on one line and not too long, whatever a file made of it. */
    static String quoted(String name) {
        String brief = name.length() > LONGEST ? name.substring(0, LONGEST) + "…" : name;
        return "\"" + brief.replaceAll("[\\p{Cntrl}\u2028\u2029]", "?") + "\"";
    }

    /** At most {@code count} of the names, by rising edit distance (Levenshtein) to the one wanted. */
    static List<String> nearest(String wanted, Collection<String> names, int count) {
        record Candidate(String name, int distance) {}
        return names.stream()
                .map(name -> new Candidate(name, distance(wanted, name)))
                .sorted(Comparator.comparingInt(Candidate::distance))
                .limit(count)
                .map(Candidate::name)
                .toList();
    }

    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
