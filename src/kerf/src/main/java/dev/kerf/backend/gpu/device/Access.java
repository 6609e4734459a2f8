package dev.kerf.backend.gpu.device;

import dev.kerf.backend.gpu.Driver;
import java.util.ArrayList;
import java.util.List;

/**
 * Who was last submitted that writes some memory, and who reads it since: so that queues wait for each other on the device,
 * and only where they must. Guarded by the device's monitor; allocates only when somebody new comes.
 */
final class Access {
    private Ticket writer;
    private final List<Ticket> readers = new ArrayList<>();

    /** Work submitted to the queue from now on sees what was written. */
    void beforeRead(Driver.Queue queue) {
        if (writer != null) {
            writer.before(queue);
        }
    }

    /** Work submitted to the queue from now on may overwrite. */
    void beforeWrite(Driver.Queue queue) {
        beforeRead(queue);
        for (int i = 0; i < readers.size(); i++) {
            readers.get(i).before(queue);
        }
    }

    void read(Ticket by) {
        for (int i = 0; i < readers.size(); i++) {
            if (readers.get(i) == by) {
                return;
            }
        }
        readers.add(by);
    }

    void written(Ticket by) {
        writer = by;
        readers.clear();
    }

    Ticket writer() {
        return writer;
    }

    /** A reader that may still be under way; null when there is none. Those that have ended are forgotten. */
    Ticket pendingReader() {
        while (!readers.isEmpty()) {
            Ticket last = readers.getLast();
            if (!last.passed()) {
                return last;
            }
            readers.removeLast();
        }
        return null;
    }
}
