package dev.kerf.backend.cpu;

import java.util.concurrent.atomic.AtomicBoolean;

/** Whether the Vector API's module is in this JVM. Names none of its classes. */
final class Vectors {
    private static final AtomicBoolean WARNED = new AtomicBoolean();
    private static final boolean PRESENT = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

    private Vectors() {}

    static boolean present() {
        return PRESENT;
    }

    /** One warning in the life of the JVM. */
    static void warnIfMissing() {
        if (!PRESENT && WARNED.compareAndSet(false, true)) {
            System.getLogger("dev.kerf.backend.cpu").log(System.Logger.Level.WARNING,
                    "The module jdk.incubator.vector is missing: the cpu back end runs plain Java and is many times slower."
                            + " Start Java with --add-modules jdk.incubator.vector.");
        }
    }

    static String description() {
        return dev.kerf.backend.cpu.light.LightKernels.vectorDescription();
    }
}
