package dev.kerf.backend;

import dev.kerf.weights.Weights;

/**
 * A weight file on a device, shared by all executables and threads. Reference-counted: {@link Device#load} gives the first
 * reference to the caller, and each executable holds one of its own.
 */
public interface DeviceWeights extends AutoCloseable {
    /** Where the numbers come from. */
    Weights source();

    /** Bytes of device memory that packed tensors take so far. */
    long bytes();

    /** Gives back the caller's reference; a second call does nothing. */
    @Override
    void close();
}
