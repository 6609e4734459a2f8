package dev.kerf.serve;

import dev.kerf.serve.WorkQueue.Ticket;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** The latest hover of each client: a newer one ends those before it, wherever they are. */
final class Hovers {
    private final ConcurrentHashMap<String, Ticket> latest = new ConcurrentHashMap<>();

    /** Does something for a client until the client asks for the next. */
    <T> T newest(String client, Ticket ticket, Supplier<T> work) {
        Ticket older = latest.put(client, ticket);
        if (older != null) {
            older.cancel();
        }
        try {
            return work.get();
        } finally {
            latest.remove(client, ticket);
        }
    }
}
