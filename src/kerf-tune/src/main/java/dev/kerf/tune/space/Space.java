package dev.kerf.tune.space;

import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;

/**
 * Configurations to choose from: parameters with their values, and those combinations of values that may be tried. A
 * configuration is known by its number, 0 … {@link #size} − 1, in order of the parameters' values, the last parameter
 * changing first.
 *
 * <pre>{@code
 * Space space = KernelSpace.of("softmax", Map.of("max_group", 1024L));
 * space.configuration(0);                                  // {GROUP=32}
 * int[] around = space.neighbours(0, Neighbourhood.HAMMING);
 * }</pre>
 */
public final class Space {
    /**
     * A parameter.
     *
     * @param name   as in the kernel's source
     * @param values to try: numbers, words or truth values, each once
     */
    public record Parameter(String name, List<Json> values) {
        /** Copies the list. */
        public Parameter {
            values = List.copyOf(values);
        }
    }

    /** Which configurations lie next to one. */
    public enum Neighbourhood {
        /** One parameter differs, by whatever value. */
        HAMMING,
        /** Any number of parameters differ, each by one step along its values. */
        ADJACENT
    }

    private final List<Parameter> parameters;
    private final int[][] configurations;
    private final Map<Long, Integer> numbers = new HashMap<>();
    private final Map<Neighbourhood, Map<Integer, int[]>> neighbours = Map.of(Neighbourhood.HAMMING, new ConcurrentHashMap<>(),
            Neighbourhood.ADJACENT, new ConcurrentHashMap<>());

    /**
     * A space of these configurations.
     *
     * @param configurations for each parameter, which of its values; sorted here
     * @throws BadInputException if there is none, one stands there twice, or there are more combinations than a long can count
     */
    Space(List<Parameter> parameters, List<int[]> configurations) {
        this.parameters = List.copyOf(parameters);
        this.configurations = configurations.toArray(int[][]::new);
        Arrays.sort(this.configurations, Arrays::compare);
        if (configurations.isEmpty()) {
            throw new BadInputException("no combination of " + parameters + " holds all constraints");
        }
        for (int i = 0; i < this.configurations.length; i++) {
            if (numbers.put(code(this.configurations[i]), i) != null) {
                throw new BadInputException("the configuration " + configuration(i) + " is there twice");
            }
        }
    }

    /**
     * A space of listed configurations, such as a file's.
     *
     * @throws BadInputException if one lacks a parameter, has a value that isn't listed, or is there twice
     */
    public static Space listed(List<Parameter> parameters, List<Map<String, Json>> configurations) {
        List<Map<Json, Integer>> places = new ArrayList<>();
        for (Parameter p : parameters) {
            Map<Json, Integer> of = new HashMap<>();
            p.values().forEach(v -> of.put(v, of.size()));
            places.add(of);
        }
        List<int[]> all = new ArrayList<>();
        for (Map<String, Json> c : configurations) {
            int[] values = new int[parameters.size()];
            for (int i = 0; i < values.length; i++) {
                Json value = c.get(parameters.get(i).name());
                Integer at = value == null ? null : places.get(i).get(value);
                if (at == null) {
                    throw new BadInputException("the configuration " + c + " has no value of " + parameters.get(i));
                }
                values[i] = at;
            }
            all.add(values);
        }
        return new Space(parameters, all);
    }

    private long code(int[] values) {
        try {
            long code = 0;
            for (int i = 0; i < values.length; i++) {
                code = Math.addExact(Math.multiplyExact(code, parameters.get(i).values().size()), values[i]);
            }
            return code;
        } catch (ArithmeticException e) {
            throw new BadInputException("the parameters have more combinations than can be counted", e);
        }
    }

    /** The parameters. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** How many configurations. */
    public int size() {
        return configurations.length;
    }

    /** For each parameter, which of its values a configuration has: a copy. */
    public int[] values(int configuration) {
        return configurations[configuration].clone();
    }

    /** A configuration's values by name, in the parameters' order. */
    public Map<String, Json> configuration(int configuration) {
        Map<String, Json> all = new LinkedHashMap<>();
        for (int i = 0; i < parameters.size(); i++) {
            all.put(parameters.get(i).name(), parameters.get(i).values().get(configurations[configuration][i]));
        }
        return all;
    }

    /** The number of the configuration with these values; −1 if it isn't one of this space. */
    public int number(int[] values) {
        return numbers.getOrDefault(code(values), -1);
    }

    /** The number of the configuration with these values; −1 if it isn't one of this space. */
    public int number(Map<String, Json> configuration) {
        int[] values = new int[parameters.size()];
        for (int i = 0; i < values.length; i++) {
            Json value = configuration.get(parameters.get(i).name());
            values[i] = value == null ? -1 : parameters.get(i).values().indexOf(value);
            if (values[i] < 0) {
                return -1;
            }
        }
        return configuration.size() == values.length ? number(values) : -1;
    }

    /** What lies next to a configuration, in order; shared, not to be changed. */
    public int[] neighbours(int configuration, Neighbourhood neighbourhood) {
        return neighbours.get(neighbourhood).computeIfAbsent(configuration, c -> switch (neighbourhood) {
            case HAMMING -> differingInOne(configurations[c]);
            case ADJACENT -> adjacent(c);
        });
    }

    private int[] differingInOne(int[] of) {
        List<Integer> found = new ArrayList<>();
        int[] values = of.clone();
        for (int i = 0; i < values.length; i++) {
            for (int v = 0; v < parameters.get(i).values().size(); v++) {
                values[i] = v;
                int number = v == of[i] ? -1 : number(values);
                if (number >= 0) {
                    found.add(number);
                }
            }
            values[i] = of[i];
        }
        return found.stream().mapToInt(Integer::intValue).sorted().toArray();
    }

    private int[] adjacent(int of) {
        List<Integer> found = new ArrayList<>();
        int[] from = configurations[of];
        if (Math.pow(3, from.length) < configurations.length) {
            steps(from, from.clone(), 0, found);
            found.remove(Integer.valueOf(of));
        } else {
            for (int c = 0; c < configurations.length; c++) {
                if (c != of && distance(configurations[c], from, true) <= 1) {
                    found.add(c);
                }
            }
        }
        return found.stream().mapToInt(Integer::intValue).sorted().toArray();
    }

    /** Adds all that are at most one step away in the parameters from one on. */
    private void steps(int[] from, int[] values, int parameter, List<Integer> found) {
        if (parameter == from.length) {
            int number = number(values);
            if (number >= 0) {
                found.add(number);
            }
            return;
        }
        int last = parameters.get(parameter).values().size() - 1;
        for (int v = Math.max(0, from[parameter] - 1); v <= Math.min(last, from[parameter] + 1); v++) {
            values[parameter] = v;
            steps(from, values, parameter + 1, found);
        }
    }

    /** How many parameters differ between two configurations. */
    public int distance(int a, int b) {
        return distance(configurations[a], configurations[b], false);
    }

    /** The largest step of a parameter, or how many parameters differ. */
    private static int distance(int[] a, int[] b, boolean largest) {
        int d = 0;
        for (int i = 0; i < a.length; i++) {
            d = largest ? Math.max(d, Math.abs(a[i] - b[i])) : a[i] == b[i] ? d : d + 1;
        }
        return d;
    }

    /**
     * The configuration with these values or, where constraints don't allow it, one of those that differ from it in the fewest
     * parameters, at random.
     */
    public int nearest(int[] values, RandomGenerator random) {
        int exact = number(values);
        if (exact >= 0) {
            return exact;
        }
        int[] near = differingInOne(values);
        if (near.length > 0) {
            return near[random.nextInt(near.length)];
        }
        int least = Integer.MAX_VALUE;
        int seen = 0;
        int chosen = -1;
        for (int c = 0; c < configurations.length; c++) {
            int d = distance(configurations[c], values, false);
            seen = d < least ? 1 : d == least ? seen + 1 : seen;
            if (d < least || d == least && random.nextInt(seen) == 0) {
                chosen = c;
            }
            least = Math.min(d, least);
        }
        return chosen;
    }
}
