package dev.kerf.trace;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The events themselves. */
final class Events {
    private Events() {}

    @Name("dev.kerf.Load")
    @Label("Weights opened")
    @Category("Kerf")
    @StackTrace(false)
    static final class Load extends Event {
        private String source;
        private int tensors;
        @DataAmount
        private long bytes;
    }

    @Name("dev.kerf.Compile")
    @Label("Graph compiled")
    @Category("Kerf")
    @StackTrace(false)
    static final class Compile extends Event {
        private String device;
        private int nodes;
        @DataAmount
        private long activations;
        @DataAmount
        private long weights;
    }

    @Name("dev.kerf.Run")
    @Label("Executable run")
    @Category("Kerf")
    @StackTrace(false)
    static final class Run extends Event {
        private String device;
        private int nodes;
        private String outputs;
        private boolean over;
    }

    @Name("dev.kerf.Transfer")
    @Label("Tensor copied")
    @Category("Kerf")
    @StackTrace(false)
    static final class Transfer extends Event {
        private String device;
        private boolean upload;
        @DataAmount
        private long bytes;
    }

    static boolean recording() {
        return FlightRecorder.isInitialized();
    }

    /** The types, asked before an event is made: one that nobody records isn't. */
    private static final class Types {
        private static final EventType LOAD = EventType.getEventType(Load.class);
        private static final EventType COMPILE = EventType.getEventType(Compile.class);
        private static final EventType RUN = EventType.getEventType(Run.class);
        private static final EventType TRANSFER = EventType.getEventType(Transfer.class);
    }

    static Object load() {
        return Types.LOAD.isEnabled() ? begun(new Load()) : null;
    }

    static Object compile() {
        return Types.COMPILE.isEnabled() ? begun(new Compile()) : null;
    }

    static Object run() {
        return Types.RUN.isEnabled() ? begun(new Run()) : null;
    }

    static Object transfer() {
        return Types.TRANSFER.isEnabled() ? begun(new Transfer()) : null;
    }

    private static Event begun(Event event) {
        event.begin();
        return event;
    }

    static void loaded(Object event, String source, int tensors, long bytes) {
        Load e = (Load) event;
        e.source = source;
        e.tensors = tensors;
        e.bytes = bytes;
        e.commit();
    }

    static void compiled(Object event, String device, int nodes, long activations, long weights) {
        Compile e = (Compile) event;
        e.device = device;
        e.nodes = nodes;
        e.activations = activations;
        e.weights = weights;
        e.commit();
    }

    static void ran(Object event, String device, int nodes, String outputs, boolean over) {
        Run e = (Run) event;
        e.device = device;
        e.nodes = nodes;
        e.outputs = outputs;
        e.over = over;
        e.commit();
    }

    static void transferred(Object event, String device, boolean upload, long bytes) {
        Transfer e = (Transfer) event;
        e.device = device;
        e.upload = upload;
        e.bytes = bytes;
        e.commit();
    }
}
