/**
 * The CPU back end: kernels in Java on the Vector API (plain Java where {@code jdk.incubator.vector} is missing), a pool of
 * worker threads, tensors in Java arrays.
 *
 * <pre>{@code
 * try (Device cpu = Backends.open("cpu", CpuOptions.of().threads(4))) {   // otherwise a thread for every processor
 *     ...
 * }
 * }</pre>
 */
package dev.kerf.backend.cpu;
