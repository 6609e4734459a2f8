package dev.kerf.backend;

/**
 * Device memory of an executable, in bytes.
 *
 * @param activations planned once by liveness, with inputs, outputs and scratch
 * @param unshared    what the same values would take if none shared memory, for comparison
 * @param weights     packed weights that it uses, shared with other executables
 */
public record MemoryUse(long activations, long unshared, long weights) {}
