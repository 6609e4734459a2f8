package dev.kerf.cli.bench;

import dev.kerf.tensor.HostTensor;

/** A graph that something is ready to run, its inputs in place. Used by one thread at a time. */
public interface Session extends AutoCloseable {
    /** Runs once and waits. */
    void run();

    /** The values of an output after a run. */
    HostTensor output(String name);

    @Override
    void close();
}
