package dev.kerf.serve;

import dev.kerf.error.CancelledException;
import dev.kerf.serve.WorkQueue.Ticket;
import java.io.IOException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Long tasks, one for each picture at most, which clients may follow and call off. */
final class Tasks {
    /** What may wait for a client. */
    interface Sending {
        void send() throws IOException;
    }

    /** One that waits or runs. */
    static final class Task {
        private final String kind;
        private volatile Ticket ticket;
        private volatile boolean cancelled;
        private volatile Thread writer;
        private volatile int percent;

        private Task(String kind, Ticket ticket) {
            this.kind = kind;
            this.ticket = ticket;
        }

        /** What is done. */
        String kind() {
            return kind;
        }

        /** How much of it. */
        int percent() {
            return percent;
        }

        /** Says how much is done. */
        void percent(int done) {
            percent = done;
        }

        /** Goes on with another piece of it. Throws {@link CancelledException} if it was called off. */
        void next(Ticket piece) {
            ticket = piece;
            check();
        }

        /** Throws {@link CancelledException} if it was called off. */
        void check() {
            if (cancelled) {
                throw new CancelledException("the request was called off");
            }
        }

        /** Sends something of it; a client that doesn't read holds it up until the task is called off, and no longer. */
        void write(Sending sending) throws IOException {
            writer = Thread.currentThread();
            try {
                check();
                sending.send();
            } finally {
                writer = null;
            }
        }

        private void cancel() {
            cancelled = true;
            ticket.cancel();
            Thread stuck = writer;
            if (stuck != null) {
                stuck.interrupt();
            }
        }
    }

    private final ConcurrentHashMap<String, Task> running = new ConcurrentHashMap<>();

    /** A task that isn't begun. */
    static Task of(String kind, Ticket ticket) {
        return new Task(kind, ticket);
    }

    /** @throws Refusal 409 if there is one of this picture */
    <T> T run(String id, Task task, Supplier<T> work) {
        Task other = running.putIfAbsent(id, task);
        if (other != null) {
            throw new Refusal(409, "'" + other.kind + "' of this picture isn't done yet");
        }
        try {
            return work.get();
        } finally {
            running.remove(id, task);
        }
    }

    /** The picture's task; null if there is none. */
    Task of(String id) {
        return running.get(id);
    }

    /** Ends a picture's task, if there is one. */
    boolean cancel(String id) {
        Task task = running.get(id);
        if (task != null) {
            task.cancel();
        }
        return task != null;
    }
}
