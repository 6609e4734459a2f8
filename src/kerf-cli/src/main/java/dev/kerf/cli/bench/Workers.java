package dev.kerf.cli.bench;

import dev.kerf.cli.console.Console;
import dev.kerf.error.KerfException;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** What measures during a round: for each engine and number of threads a process of its own. */
interface Workers extends AutoCloseable {
    /** Measures; answers {@code {"error": …}} where that fails. */
    Json ask(Request request);

    @Override
    void close();

    /**
     * Processes that are started when they are first asked, again where one has died.
     *
     * @param python interpreter of those that PyTorch runs in
     */
    static Workers processes(Path python) {
        Map<String, Worker> all = new HashMap<>();
        return new Workers() {
            @Override
            public Json ask(Request r) {
                try {
                    return all.compute(r.engine() + " " + r.threads(), (_, p) -> {
                        if (p != null && p.alive()) {
                            return p;
                        } else if (p != null) {
                            p.close();
                        }
                        return Torch.is(r.engine()) ? Torch.worker(python) : WorkerProcess.java();
                    }).ask(r);
                } catch (KerfException e) {
                    // No process, or no graph for it: that costs this row alone.
                    return Json.object().put("error", Console.explain(e));
                }
            }

            @Override
            public void close() {
                all.values().forEach(Worker::close);
            }
        };
    }
}
