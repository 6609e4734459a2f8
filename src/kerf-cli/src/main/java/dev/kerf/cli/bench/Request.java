package dev.kerf.cli.bench;

import dev.kerf.backend.Precision;
import dev.kerf.cli.bench.report.Subject;
import dev.kerf.json.Json;
import java.time.Duration;
import java.util.List;

/**
 * What a {@link BenchWorker} is to measure.
 *
 * @param workload  what to run; null to measure the engine's floors
 * @param engine    a device of Kerf such as {@code opencl:0}, or a peer's name
 * @param peer      whether it is a peer
 * @param precision how numbers are stored and multiplied
 * @param threads   that it may use on the host's processors
 * @param callers   threads that ask at once
 * @param runs      at most
 * @param limit     of runs that count none is begun later, but for the first few
 * @param warmUp    when warming up ends if times aren't steady by then
 * @param profile   whether nodes are timed, too
 * @param simulated numbers of threads that nodes are timed for, whether there are as many processors or not, and nothing else is
 *                  measured; of {@code cpu}
 */
record Request(
        Workload workload, String engine, boolean peer, Precision precision, int threads, int callers, int runs,
        Duration limit, Duration warmUp, boolean profile, List<Integer> simulated) {
    private static final Duration SPARE = Duration.ofMinutes(5);

    /** A turn of this in a round, with or without nodes. */
    Request turn(boolean nodes) {
        return new Request(workload, engine, peer, precision, threads, callers, runs, limit, warmUp, nodes, List.of());
    }

    /** This with other limits. */
    Request within(Duration measuring, Duration warming) {
        return new Request(workload, engine, peer, precision, threads, callers, runs, measuring, warming, profile,
                simulated);
    }

    /** Asks what its engine gives at most; peers compute where a back end of Kerf does. */
    Request floors() {
        return new Request(null, !peer ? engine : engine.equals(Torch.CUDA) ? "cuda:0" : "cpu:0", false, precision, threads, 1,
                1, limit, warmUp, false, List.of());
    }

    /** What all of it may take at most, with compiling and warming up, before the process counts as stuck. */
    Duration patience() {
        return SPARE.multipliedBy(1 + simulated.size()).plus(warmUp).plus(limit.multipliedBy(3));
    }

    /** What its row is about. */
    Subject subject() {
        return new Subject(workload.what(), workload.name(), workload.sizeText(),
                workload.batch(), precision.toString(), engine, threads, callers);
    }

    Json json() {
        return Json.object().put("workload", workload == null ? null : workload.json()).put("engine", engine)
                .put("peer", peer).put("precision", precision.name()).put("threads", threads).put("callers", callers)
                .put("runs", runs).put("limit_ms", limit.toMillis())
                .put("warm_up_ms", warmUp.toMillis()).put("profile", profile).put("simulated", simulated);
    }

    static Request of(Json j) {
        return new Request(j.at("workload").isNull() ? null : Workload.of(j.at("workload")), j.at("engine").asString(),
                j.at("peer").asBoolean(), Precision.valueOf(j.at("precision").asString()), j.at("threads").asInt(),
                j.at("callers").asInt(), j.at("runs").asInt(), Duration.ofMillis(j.at("limit_ms").asLong()),
                Duration.ofMillis(j.at("warm_up_ms").asLong()), j.at("profile").asBoolean(),
                j.at("simulated").items().stream().map(Json::asInt).toList());
    }
}
