/**
 * The seam between models and machines: a {@link dev.kerf.backend.Backend} opens a {@link dev.kerf.backend.Device}, which
 * loads weights once, compiles graphs to executables, and runs them on streams.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         DeviceWeights weights = device.load(Weights.open(path));
 *         Executable net = device.compile(graph, weights, CompileOptions.of())) {
 *     net.input("image").upload(pixels);
 *     net.run();
 *     net.output("logits").download(logits);
 * }
 * }</pre>
 *
 * <h2>Threads</h2>
 * A device, its weights and its tensors may be used by any thread. An executable runs once at a time: {@code run} and
 * {@code submit} from several threads are queued one after another, but filling its inputs, running it and reading its
 * outputs is one thread's business at a time. For parallel use compile one executable for each thread; they share the weights.
 *
 * <h2>Ownership</h2>
 * Whoever makes an object closes it, once; a second close does nothing, use after close is a
 * {@link dev.kerf.error.ClosedException}. Closing a device closes all that was made on it. {@link dev.kerf.backend.DeviceWeights}
 * are counted: each executable holds a reference, and memory goes when the last is closed.
 */
@NullMarked
package dev.kerf.backend;

import org.jspecify.annotations.NullMarked;
