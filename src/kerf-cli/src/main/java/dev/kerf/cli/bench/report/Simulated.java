package dev.kerf.cli.bench.report;

import dev.kerf.json.Json;
import java.util.List;
import java.util.stream.LongStream;

/**
 * What threads gain at most where each task of a kernel takes as long as on one.
 *
 * @param threads at once
 * @param factor  how many times as fast as one
 * @param longest node of their run that takes longest
 * @param part    of their run that it takes
 */
public record Simulated(int threads, double factor, String longest, double part) {
    /**
     * Of a network's nodes, one after the other.
     *
     * @param names    of the nodes
     * @param together nanoseconds that each takes one thread
     * @param nanos    that it takes all of them
     */
    public static Simulated of(int threads, List<String> names, long[] together, long[] nanos) {
        int longest = 0;
        for (int i = 1; i < nanos.length; i++) {
            longest = nanos[i] > nanos[longest] ? i : longest;
        }
        double all = LongStream.of(nanos).sum();
        return new Simulated(threads, LongStream.of(together).sum() / all, names.get(longest), nanos[longest] / all);
    }

    /** As in a row. */
    public Json json() {
        return Json.object().put("threads", threads).put("factor", factor).put("longest", longest).put("part", part);
    }

    private static Simulated of(Json j) {
        return new Simulated(j.at("threads").asInt(), j.at("factor").asDouble(), j.at("longest").asString(),
                j.at("part").asDouble());
    }

    /** Those of a row or of a worker's answer; none in older reports and from other engines. */
    public static List<Simulated> all(Json j) {
        return j.find("simulated").map(s -> s.items().stream().map(Simulated::of).toList()).orElse(List.of());
    }
}
