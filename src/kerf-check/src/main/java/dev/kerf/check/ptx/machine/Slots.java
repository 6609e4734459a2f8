package dev.kerf.check.ptx.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a kernel's registers are kept. PTX names thousands, most of which live for a few instructions: those that are never alive at the
 * same time share a slot, so that a warp's registers stay in the cache (linear scan over live ranges; a lane's values follow the lane's
 * own path, and other lanes' are left alone, so that divergence changes nothing).
 */
final class Slots {
    private static final Pattern NAME = Pattern.compile("[%$\\w@]+");
    private static final Set<String> WITHOUT_RESULT = Set.of(
            "st", "red", "bra", "bar", "barrier", "cp", "ret", "exit", "membar", "fence", "prefetch", "wgmma");

    private final Map<String, Integer> slots = new HashMap<>();
    private final Map<Type.Bank, Integer> counts = new EnumMap<>(Type.Bank.class);

    private Slots() {
        for (Type.Bank b : Type.Bank.values()) {
            counts.put(b, 1); // Slot 0 is for results before they are masked.
        }
    }

    /** Slots for all registers that a kernel names. */
    static Slots of(Entry entry, List<Flow.Segment> segments) {
        Slots made = new Slots();
        Map<String, Integer> numbers = new HashMap<>();
        List<String> names = new ArrayList<>();
        List<int[]> uses = new ArrayList<>();
        List<int[]> defines = new ArrayList<>();
        for (Statement s : entry.statements()) {
            List<Integer> in = new ArrayList<>();
            List<Integer> out = new ArrayList<>();
            boolean result = !WITHOUT_RESULT.contains(s.base());
            for (int i = 0; i < s.operands().size(); i++) {
                Matcher m = NAME.matcher(s.operand(i));
                while (m.find()) {
                    if (entry.registers().containsKey(m.group())) {
                        int v = numbers.computeIfAbsent(m.group(), k -> {
                            names.add(k);
                            return names.size() - 1;
                        });
                        (i == 0 && result ? out : in).add(v);
                        if (i == 0 && s.base().equals("wgmma")) {
                            out.add(v); // sums, which it adds to
                        }
                    }
                }
            }
            if (s.guard() != null) {
                in.add(numbers.computeIfAbsent(s.guard(), k -> {
                    names.add(k);
                    return names.size() - 1;
                }));
                in.addAll(out); // what it had stays where the guard is false
            }
            uses.add(in.stream().mapToInt(x -> x).toArray());
            defines.add(out.stream().mapToInt(x -> x).toArray());
        }
        int[][] ranges = ranges(entry, segments, uses, defines, names.size());
        made.assign(entry, names, ranges);
        return made;
    }

    /** First and last statement at which each register is alive. */
    private static int[][] ranges(
            Entry entry, List<Flow.Segment> segments, List<int[]> uses, List<int[]> defines, int count) {
        int n = segments.size();
        BitSet[] read = new BitSet[n];
        BitSet[] written = new BitSet[n];
        BitSet[] in = new BitSet[n];
        for (int s = 0; s < n; s++) {
            read[s] = new BitSet(count);
            written[s] = new BitSet(count);
            for (int i = segments.get(s).from(); i < segments.get(s).to(); i++) {
                for (int v : uses.get(i)) {
                    if (!written[s].get(v)) {
                        read[s].set(v);
                    }
                }
                for (int v : defines.get(i)) {
                    written[s].set(v);
                }
            }
            in[s] = (BitSet) read[s].clone();
        }
        BitSet[] out = new BitSet[n];
        for (boolean changed = true; changed;) {
            changed = false;
            for (int s = n - 1; s >= 0; s--) {
                BitSet live = new BitSet(count);
                int[] next = Flow.successors(segments.get(s), entry.statements());
                for (int t : next == null ? new int[] {segments.get(s).next()} : next) {
                    if (t < n) {
                        live.or(in[t]);
                    }
                }
                out[s] = live;
                BitSet before = (BitSet) live.clone();
                before.andNot(written[s]);
                before.or(read[s]);
                if (!before.equals(in[s])) {
                    in[s] = before;
                    changed = true;
                }
            }
        }
        int[][] ranges = new int[count][];
        for (int s = 0; s < n; s++) {
            int from = segments.get(s).from();
            int to = segments.get(s).to();
            in[s].stream().forEach(v -> extend(ranges, v, from));
            out[s].stream().forEach(v -> extend(ranges, v, to - 1));
            for (int i = from; i < to; i++) {
                for (int v : uses.get(i)) {
                    extend(ranges, v, i);
                }
                for (int v : defines.get(i)) {
                    extend(ranges, v, i);
                }
            }
        }
        return ranges;
    }

    private static void extend(int[][] ranges, int v, int at) {
        if (ranges[v] == null) {
            ranges[v] = new int[] {at, at};
        }
        ranges[v][0] = Math.min(ranges[v][0], at);
        ranges[v][1] = Math.max(ranges[v][1], at);
    }

    private void assign(Entry entry, List<String> names, int[][] ranges) {
        Integer[] order = new Integer[names.size()];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingInt(v -> ranges[v][0]));
        for (Type.Bank bank : Type.Bank.values()) {
            PriorityQueue<int[]> taken = new PriorityQueue<>(Comparator.comparingInt((int[] t) -> t[0])); // last use, slot
            List<Integer> free = new ArrayList<>();
            for (int v : order) {
                if (entry.registers().get(names.get(v)).bank() != bank) {
                    continue;
                }
                while (!taken.isEmpty() && taken.peek()[0] < ranges[v][0]) {
                    free.add(taken.poll()[1]);
                }
                int slot = free.isEmpty() ? add(bank) : free.removeLast();
                slots.put(names.get(v), slot);
                taken.add(new int[] {ranges[v][1], slot});
            }
        }
    }

    /** A slot that nothing else shares. */
    int add(Type.Bank bank) {
        return counts.merge(bank, 1, Integer::sum) - 1;
    }

    /** The slot of a register. */
    int of(String register) {
        return slots.get(register);
    }

    /** How many slots a bank has. */
    int count(Type.Bank bank) {
        return counts.get(bank);
    }
}
