package dev.kerf.cli.bench;

import dev.kerf.json.Json;
import java.util.HashMap;
import java.util.Map;

/** What measures during a round: for each engine and number of threads a process of its own. */
interface Workers extends AutoCloseable {
    /** Measures; answers {@code {"error": …}} where that fails. */
    Json ask(Request request);

    @Override
    void close();

    /** Processes that are started when they are first asked, again where one has died. */
    static Workers processes() {
        Map<String, WorkerProcess> all = new HashMap<>();
        return new Workers() {
            @Override
            public Json ask(Request r) {
                return all.compute(r.engine() + " " + r.threads(),
                        (_, p) -> p != null && p.alive() ? p : new WorkerProcess()).ask(r);
            }

            @Override
            public void close() {
                all.values().forEach(WorkerProcess::close);
            }
        };
    }
}
