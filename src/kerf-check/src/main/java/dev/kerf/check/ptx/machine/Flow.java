package dev.kerf.check.ptx.machine;

import dev.kerf.error.BadFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/**
 * A kernel's control flow: segments of instructions that are run one after another, and where lanes that part there meet again, which
 * is the segment's immediate post-dominator (Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm", on the reversed graph).
 */
public final class Flow {
    /** How a segment ends. */
    enum End {
        FALL, BRANCH, BARRIER, RETURN
    }

    /**
     * A segment.
     *
     * @param from   its first statement
     * @param to     the one after its last; where it doesn't end in {@code FALL}, the last is what ends it
     * @param end    how it ends
     * @param target the segment that its branch goes to, or −1
     * @param next   the segment after it
     * @param meet   where lanes that part at its end meet; the number of segments if only at the kernel's end
     */
    public record Segment(int from, int to, End end, int target, int next, int meet) {}

    private Flow() {}

    /** The segments of a kernel; the first is where it starts. */
    static List<Segment> segments(Entry entry) {
        List<Statement> code = entry.statements();
        TreeSet<Integer> starts = new TreeSet<>(entry.labels().values());
        starts.add(0);
        for (int i = 0; i < code.size(); i++) {
            if (end(code.get(i)) != End.FALL) {
                starts.add(i + 1);
            }
        }
        starts.remove(code.size());
        List<Integer> from = List.copyOf(starts);
        int n = from.size();
        int[] segmentOf = new int[code.size() + 1];
        for (int s = 0; s < n; s++) {
            Arrays.fill(segmentOf, from.get(s), s + 1 < n ? from.get(s + 1) : code.size(), s);
        }
        segmentOf[code.size()] = n;
        List<Segment> open = new ArrayList<>();
        for (int s = 0; s < n; s++) {
            int to = s + 1 < n ? from.get(s + 1) : code.size();
            Statement last = code.get(to - 1);
            End end = end(last);
            int target = end == End.BRANCH ? segmentOf[label(entry, last)] : -1;
            open.add(new Segment(from.get(s), to, end, target, s + 1, n));
        }
        int[] meet = postDominators(open, code);
        List<Segment> all = new ArrayList<>();
        for (int s = 0; s < n; s++) {
            Segment o = open.get(s);
            all.add(new Segment(o.from(), o.to(), o.end(), o.target(), o.next(), meet[s]));
        }
        return all;
    }

    private static int label(Entry entry, Statement branch) {
        Integer at = entry.labels().get(branch.operand(0));
        if (at == null) {
            throw new BadFileException("line " + branch.line() + " of the PTX module goes to " + branch.operand(0)
                    + ", which is nowhere");
        }
        return at;
    }

    static End end(Statement s) {
        return switch (s.base()) {
            case "bra" -> End.BRANCH;
            case "ret", "exit" -> End.RETURN;
            case "bar", "barrier" -> s.has("warp") ? End.FALL : End.BARRIER;
            default -> End.FALL;
        };
    }

    /** The segments that may come after one; the number of segments is the kernel's end. */
    static int[] successors(Segment s, List<Statement> code) {
        boolean always = code.get(s.to() - 1).guard() == null;
        return switch (s.end()) {
            case FALL, BARRIER -> new int[] {s.next()};
            case BRANCH -> always ? new int[] {s.target()} : new int[] {s.target(), s.next()};
            case RETURN -> null;
        };
    }

    private static int[] postDominators(List<Segment> segments, List<Statement> code) {
        int n = segments.size();
        int[][] next = new int[n][];
        for (int s = 0; s < n; s++) {
            int[] to = successors(segments.get(s), code);
            boolean always = code.get(segments.get(s).to() - 1).guard() == null;
            next[s] = to != null ? to : always ? new int[] {n} : new int[] {n, segments.get(s).next()};
        }
        int[] order = reversePostorder(next);
        int[] rank = new int[n + 1];
        for (int i = 0; i <= n; i++) {
            rank[order[i]] = i;
        }
        int[] meet = new int[n + 1];
        Arrays.fill(meet, -1);
        meet[n] = n;
        for (boolean changed = true; changed;) {
            changed = false;
            for (int i = 1; i <= n; i++) {
                int s = order[i];
                int best = -1;
                for (int t : next[s]) {
                    if (meet[t] >= 0) {
                        best = best < 0 ? t : common(meet, rank, best, t);
                    }
                }
                if (best >= 0 && meet[s] != best) {
                    meet[s] = best;
                    changed = true;
                }
            }
        }
        for (int s = 0; s < n; s++) {
            meet[s] = meet[s] < 0 ? n : meet[s]; // of a loop without end
        }
        return meet;
    }

    private static int common(int[] meet, int[] rank, int a, int b) {
        int x = a;
        int y = b;
        while (x != y) {
            while (rank[x] > rank[y]) {
                x = meet[x];
            }
            while (rank[y] > rank[x]) {
                y = meet[y];
            }
        }
        return x;
    }

    /** From the kernel's end backwards; what can't reach it comes last. */
    private static int[] reversePostorder(int[][] next) {
        int n = next.length;
        List<List<Integer>> before = new ArrayList<>();
        for (int i = 0; i <= n; i++) {
            before.add(new ArrayList<>());
        }
        for (int s = 0; s < n; s++) {
            for (int t : next[s]) {
                before.get(t).add(s);
            }
        }
        boolean[] seen = new boolean[n + 1];
        int[] order = new int[n + 1];
        int at = n;
        int[] stack = new int[n + 2];
        int[] child = new int[n + 1];
        int depth = 0;
        stack[depth++] = n;
        seen[n] = true;
        while (depth > 0) {
            int s = stack[depth - 1];
            if (child[s] < before.get(s).size()) {
                int p = before.get(s).get(child[s]++);
                if (!seen[p]) {
                    seen[p] = true;
                    stack[depth++] = p;
                }
            } else {
                depth--;
                order[at--] = s;
            }
        }
        // order[at + 1 ...] is what reaches the end; the rest goes behind it.
        int[] all = new int[n + 1];
        int reached = n - at;
        System.arraycopy(order, at + 1, all, 0, reached);
        for (int s = 0; s < n; s++) {
            if (!seen[s]) {
                all[reached++] = s;
            }
        }
        return all;
    }
}
