package dev.kerf.trace;

import org.jspecify.annotations.Nullable;

/**
 * Events for JDK Flight Recorder: {@code dev.kerf.Load}, {@code dev.kerf.Compile}, {@code dev.kerf.Run} and
 * {@code dev.kerf.Transfer}. Nothing is made while nobody records, and nothing is missed in a Java runtime without the
 * recorder.
 *
 * <pre>{@code
 * Object event = Trace.run();
 * // the run
 * if (event != null) {
 *     Trace.ran(event, "cpu:0", 120, true);
 * }
 * }</pre>
 */
public final class Trace {
    /** Whether the runtime has the recorder; {@link Events} is linked only then. */
    private static final boolean PRESENT = ModuleLayer.boot().findModule("jdk.jfr").isPresent();

    private Trace() {}

    private static boolean recording() {
        return PRESENT && Events.recording();
    }

    /** A load that begins, if it is recorded. */
    public static @Nullable Object load() {
        return recording() ? Events.load() : null;
    }

    /** Ends a load: the file's name, its tensors, and the bytes that they take. */
    public static void loaded(Object event, String source, int tensors, long bytes) {
        Events.loaded(event, source, tensors, bytes);
    }

    /** A compilation that begins, if it is recorded. */
    public static @Nullable Object compile() {
        return recording() ? Events.compile() : null;
    }

    /** Ends a compilation: the device, nodes as recorded, bytes of activations and of packed weights. */
    public static void compiled(Object event, String device, int nodes, long activations, long weights) {
        Events.compiled(event, device, nodes, activations, weights);
    }

    /** A run that begins, if it is recorded. */
    public static @Nullable Object run() {
        return recording() ? Events.run() : null;
    }

    /** Ends a run: the device, the graph's nodes and outputs, and whether the run is over rather than only submitted. */
    public static void ran(Object event, String device, int nodes, String outputs, boolean over) {
        Events.ran(event, device, nodes, outputs, over);
    }

    /** A copy between host and device that begins, if it is recorded. */
    public static @Nullable Object transfer() {
        return recording() ? Events.transfer() : null;
    }

    /** Ends a copy: the device, whether it went there, and its size. */
    public static void transferred(Object event, String device, boolean upload, long bytes) {
        Events.transferred(event, device, upload, bytes);
    }
}
