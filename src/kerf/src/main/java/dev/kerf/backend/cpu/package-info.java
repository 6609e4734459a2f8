/**
 * The CPU back end: kernels in Java on the Vector API (plain Java where {@code jdk.incubator.vector} is missing), a pool of
 * worker threads, tensors in Java arrays.
 *
 * <pre>{@code
 * try (Device cpu = Backends.open("cpu", CpuOptions.of().threads(4))) {   // otherwise a thread for every processor
 *     ...
 * }
 * }</pre>
 *
 * <p>Between the fused graph and its kernels lie four steps, all for values that then needn't go through memory: {@code Absorption} (layers
 * that make many keys go over few queries), {@code Intakes} (what a node reads is made while it is read), {@code Tails} (what comes after
 * a node is done to its results in the cache), and a {@link dev.kerf.backend.cpu.kernel.Compound} (nodes that one kernel computes, piece by
 * piece). None of them crosses an update of a state or takes away what is kept. A new one of a kind belongs to the kernels' family: it says what
 * it {@linkplain dev.kerf.backend.cpu.kernel.KernelFamily takes}.
 */
package dev.kerf.backend.cpu;
