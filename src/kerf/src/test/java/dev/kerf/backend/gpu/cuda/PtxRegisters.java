package dev.kerf.backend.gpu.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Gives the registers of a PTX module fewer names. nvcc names each result anew, {@code %f1} to {@code %f4711}; where all that is done
 * with a register lies between two labels or branches, its name serves for another after its last use. Unrolled steps of a loop
 * then read alike, and the text packs to half its size. ptxas names registers anew in any case.
 *
 * <pre>{@code
 * add.f32 %f7, %f5, %f6;  mul.f32 %f8, %f7, %f7;    becomes    add.f32 %f1, %f1, %f2;  mul.f32 %f1, %f1, %f1;
 * }</pre>
 */
final class PtxRegisters {
    private static final Pattern DECLARED = Pattern.compile("(?m)^(\\s*\\.reg \\.\\w+\\s+)(%[a-z]+)<\\d+>;");
    private static final Pattern NAME = Pattern.compile("(%[a-z]+)(\\d+)\\b");
    private static final Pattern ENDS = Pattern.compile("^\\s*(@!?%p\\d+\\s+)?(bra|brx|ret|exit|call)\\b.*");

    private final Set<String> kinds = new HashSet<>();
    private final Map<String, String> everywhere = new HashMap<>();
    private final Map<String, Integer> fixed = new HashMap<>();
    private final Map<String, Integer> most = new HashMap<>();

    private PtxRegisters() {}

    /** The module with names used again. */
    static String reused(String module) {
        return new PtxRegisters().of(module);
    }

    private String of(String module) {
        Matcher declared = DECLARED.matcher(module);
        while (declared.find()) {
            kinds.add(declared.group(2));
        }
        List<List<String>> blocks = blocks(module);
        keepApart(blocks);
        most.putAll(fixed);
        StringBuilder out = new StringBuilder();
        blocks.forEach(b -> rename(b, out));
        return DECLARED.matcher(out).replaceAll(
                d -> Matcher.quoteReplacement(d.group(1) + d.group(2) + "<" + (most.getOrDefault(d.group(2), 0) + 1) + ">;"));
    }

    /** Lines up to and with the next branch, or before the next label. */
    private static List<List<String>> blocks(String module) {
        List<List<String>> all = new ArrayList<>();
        List<String> block = new ArrayList<>();
        for (String line : module.split("(?<=\n)")) {
            if (line.strip().endsWith(":") && !block.isEmpty()) {
                all.add(block);
                block = new ArrayList<>();
            }
            block.add(line);
            if (ENDS.matcher(line.stripTrailing()).matches()) {
                all.add(block);
                block = new ArrayList<>();
            }
        }
        all.add(block);
        return all;
    }

    private List<String> names(String line) {
        List<String> all = new ArrayList<>();
        Matcher m = NAME.matcher(line);
        while (m.find()) {
            if (kinds.contains(m.group(1))) {
                all.add(m.group());
            }
        }
        return all;
    }

    /** Numbers anew what more than one block has, and what a wgmma works on while others go on: names of their own. */
    private void keepApart(List<List<String>> blocks) {
        Map<String, Integer> where = new LinkedHashMap<>();
        for (int b = 0; b < blocks.size(); b++) {
            for (String line : blocks.get(b)) {
                for (String name : names(line)) {
                    boolean own = line.contains("wgmma.") || where.getOrDefault(name, b) != b;
                    where.put(name, own ? -1 : b);
                }
            }
        }
        where.forEach((name, block) -> {
            if (block < 0) {
                String kind = kind(name);
                everywhere.put(name, kind + fixed.merge(kind, 1, Integer::sum));
            }
        });
    }

    private void rename(List<String> block, StringBuilder out) {
        Map<String, Integer> last = new HashMap<>();
        for (int i = 0; i < block.size(); i++) {
            for (String name : names(block.get(i))) {
                last.put(name, i);
            }
        }
        Map<String, String> now = new HashMap<>(everywhere);
        Map<String, Deque<String>> free = new HashMap<>();
        Map<String, Integer> used = new HashMap<>(fixed);
        for (int i = 0; i < block.size(); i++) {
            List<String> names = names(block.get(i)).stream().distinct().toList();
            Map<String, String> here = new HashMap<>();
            List<String> begin = new ArrayList<>();
            for (String name : names) {
                if (!now.containsKey(name)) {
                    begin.add(name);
                } else {
                    here.put(name, now.get(name));
                    // What ends here is free for what begins here: an instruction reads before it writes.
                    if (!everywhere.containsKey(name) && last.get(name) == i) {
                        free.computeIfAbsent(kind(name), _ -> new ArrayDeque<>()).push(now.remove(name));
                    }
                }
            }
            // The last operands are the sums that results go on with: the last result takes the last one's name.
            for (String name : begin.reversed()) {
                now.put(name, next(kind(name), free, used));
                here.put(name, now.get(name));
            }
            out.append(NAME.matcher(block.get(i))
                    .replaceAll(m -> Matcher.quoteReplacement(here.getOrDefault(m.group(), m.group()))));
        }
    }

    private String next(String kind, Map<String, Deque<String>> free, Map<String, Integer> used) {
        Deque<String> names = free.getOrDefault(kind, new ArrayDeque<>());
        if (!names.isEmpty()) {
            return names.pop();
        }
        int number = used.merge(kind, 1, Integer::sum);
        most.merge(kind, number, Math::max);
        return kind + number;
    }

    private static String kind(String name) {
        return name.replaceAll("\\d+$", "");
    }
}
