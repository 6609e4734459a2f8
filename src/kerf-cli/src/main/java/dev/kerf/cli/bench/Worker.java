package dev.kerf.cli.bench;

import dev.kerf.json.Json;
import java.time.Duration;

/** A process that measures for one engine. */
interface Worker extends AutoCloseable {
    /**
     * Asks and waits for the answer: {@code {"error": …}} too where there is none.
     *
     * @param limit it is ended where it takes longer
     */
    Json ask(Json request, Duration limit);

    /** Measures. */
    default Json ask(Request request) {
        return ask(request.json(), request.patience());
    }

    /** Whether it can still be asked. */
    boolean alive();

    @Override
    void close();
}
