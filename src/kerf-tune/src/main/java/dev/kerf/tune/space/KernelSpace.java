package dev.kerf.tune.space;

import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.backend.gpu.kernel.Manifest.Given;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The parameter sets that a kernel's manifest allows for some sizes on some device. Constraints are solved, not filtered: each is
 * looked at as soon as all of its parameters have a value, and parameters take their turn so that this is soon.
 */
public final class KernelSpace {
    private final List<String> names;
    private final Map<String, Manifest.Parameter> parameters;
    private final Map<String, Given> given;
    private final List<String> order = new ArrayList<>();
    private final List<List<Expression>> decided = new ArrayList<>();
    private final Map<String, Long> known;
    private final List<int[]> found = new ArrayList<>();

    private KernelSpace(Manifest kernel, Map<String, Long> known) {
        this.parameters = kernel.parameters();
        this.names = List.copyOf(parameters.keySet());
        this.given = kernel.given();
        this.known = new HashMap<>(known);
        this.known.keySet().removeAll(parameters.keySet());
        this.known.keySet().removeAll(given.keySet());
        List<Expression> left = new ArrayList<>(kernel.constraints());
        left.forEach(this::checkKnown);
        decided.add(take(left));
        while (order.size() < names.size()) {
            order.add(names.stream().filter(n -> !order.contains(n))
                    .max(Comparator.comparingInt((String n) -> (int) left.stream().filter(c -> decides(c, n)).count())
                            .thenComparingInt(n -> (int) left.stream().filter(c -> of(c).contains(n)).count())
                            .thenComparingInt(n -> -parameters.get(n).values().size()))
                    .orElseThrow());
            decided.add(take(left));
        }
    }

    /**
     * All parameter sets of a shipped kernel or variant.
     *
     * @param known facts of the device and sizes of the launch, as manifests name them
     * @throws BadInputException if a constraint needs a size that isn't known, or no set holds all constraints
     */
    public static Space of(String kernel, Map<String, Long> known) {
        return of(Manifest.of(kernel), known);
    }

    static Space of(Manifest kernel, Map<String, Long> known) {
        KernelSpace solver = new KernelSpace(kernel, known);
        solver.solve(0, new int[solver.names.size()]);
        return new Space(solver.names.stream()
                .map(n -> new Space.Parameter(n, kernel.parameters().get(n).values().stream().map(Json::of).toList()))
                .toList(), solver.found);
    }

    private void checkKnown(Expression constraint) {
        Set<String> unknown = new LinkedHashSet<>(of(constraint));
        unknown.removeAll(parameters.keySet());
        unknown.removeAll(known.keySet());
        if (!unknown.isEmpty()) {
            throw new BadInputException(
                    "the constraint '" + constraint + "' needs " + unknown + ": give the sizes of a launch");
        }
    }

    /** The names that decide a constraint; in place of numbers that are given, those that make them. */
    private Set<String> of(Expression constraint) {
        Set<String> names = new LinkedHashSet<>(constraint.names());
        for (String g : List.copyOf(given.keySet()).reversed()) {
            if (names.remove(g)) {
                names.addAll(given.get(g).value().names());
            }
        }
        return names;
    }

    private boolean decides(Expression constraint, String next) {
        Set<String> missing = new HashSet<>(of(constraint));
        missing.retainAll(parameters.keySet());
        missing.removeAll(order);
        return missing.equals(Set.of(next));
    }

    /** The constraints that the parameters in order decide; they are left no more. */
    private List<Expression> take(List<Expression> left) {
        List<Expression> ready = left.stream()
                .filter(c -> parameters.keySet().stream().filter(of(c)::contains).allMatch(order::contains)).toList();
        left.removeAll(ready);
        return ready;
    }

    private void solve(int depth, int[] values) {
        if (!holds(decided.get(depth))) {
            return;
        }
        if (depth == order.size()) {
            found.add(values.clone());
            return;
        }
        String name = order.get(depth);
        List<Long> choices = parameters.get(name).values();
        for (int v = 0; v < choices.size(); v++) {
            known.put(name, choices.get(v));
            values[names.indexOf(name)] = v;
            solve(depth + 1, values);
        }
        known.remove(name);
    }

    private boolean holds(List<Expression> constraints) {
        for (Expression c : constraints) {
            Map<String, Long> all = known;
            if (!given.isEmpty() && c.names().stream().anyMatch(given::containsKey)) {
                all = new HashMap<>(known);
                for (Map.Entry<String, Given> g : given.entrySet()) {
                    if (g.getValue().as() == Given.As.NUMBER && all.keySet().containsAll(g.getValue().value().names())) {
                        all.put(g.getKey(), g.getValue().value().value(all));
                    }
                }
            }
            if (!c.holds(all)) {
                return false;
            }
        }
        return true;
    }
}
