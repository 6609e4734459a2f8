package dev.kerf.backend.cpu;

import java.util.Arrays;

/** What a run waits for before it starts: pieces of work of sequences. Reused; grows only when it must. */
final class Dependencies {
    private Sequence[] sequences = new Sequence[4];
    private long[] tickets = new long[4];
    private int size;
    private long own;

    /** Starts anew. */
    void begin() {
        size = 0;
    }

    /** Sets the ticket of the run itself. */
    void own(long ticket) {
        own = ticket;
    }

    /** Everything submitted to a sequence up to now. */
    void add(Sequence s) {
        long last = s.last();
        if (s.done(last)) {
            return;
        }
        if (size == tickets.length) {
            sequences = Arrays.copyOf(sequences, size * 2);
            tickets = Arrays.copyOf(tickets, size * 2);
        }
        sequences[size] = s;
        tickets[size++] = last;
    }

    /** The ticket of the run itself. */
    long own() {
        return own;
    }

    void await() {
        for (int i = 0; i < size; i++) {
            sequences[i].await(tickets[i]);
            sequences[i] = null;
        }
        size = 0;
    }
}
