package dev.kerf.cli.picture;

import java.lang.reflect.Proxy;

/**
 * Ctrl-C while a camera is looked at: the first ends the looking, so that files are completed; the next one the process. By
 * {@code sun.misc.Signal}, without which nothing can be completed any more when one is told; by reflection, because javac warns of that
 * class and can't be asked not to.
 */
final class Interrupt implements AutoCloseable {
    private final Object signal;
    private final Object before;
    private volatile boolean given;

    Interrupt() {
        try {
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            signal = Class.forName("sun.misc.Signal").getConstructor(String.class).newInstance("INT");
            before = handle(
                    Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, (self, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            given = true;
                            close();
                        }
                        return switch (method.getName()) {
                            case "hashCode" -> System.identityHashCode(self);
                            case "equals" -> self == arguments[0];
                            case "toString" -> "Ctrl-C";
                            default -> null;
                        };
                    }));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the runtime lacks the module jdk.unsupported", e);
        }
    }

    /** Sets what is done, and returns what was before. */
    private Object handle(Object handler) throws ReflectiveOperationException {
        return signal.getClass().getMethod("handle", signal.getClass(), Class.forName("sun.misc.SignalHandler"))
                .invoke(null, signal, handler);
    }

    /** Whether it was given. */
    boolean given() {
        return given;
    }

    @Override
    public void close() {
        try {
            handle(before);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Ctrl-C can't be given back", e);
        }
    }
}
