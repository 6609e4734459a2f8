package dev.kerf.cli.console;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What Linux says of a terminal. */
final class Terminal {
    /** Standard error. */
    static final int ERR = 2;
    /** Where nobody says how many there are. */
    static final int COLUMNS = 80;
    /** Fills a {@code struct winsize}: rows, columns, and two sizes in pixels, unsigned shorts; see ioctl_tty(2). */
    private static final long TIOCGWINSZ = 0x5413;
    @SuppressWarnings("restricted")
    private static final MethodHandle IOCTL = Linker.nativeLinker().downcallHandle(
            Linker.nativeLinker().defaultLookup().findOrThrow("ioctl"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
            Linker.Option.firstVariadicArg(2));

    private Terminal() {}

    /** Columns of the terminal that a descriptor is; {@link #COLUMNS} where it is none. */
    static int columns(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(ValueLayout.JAVA_SHORT, 4);
            int status = (int) IOCTL.invokeExact(descriptor, TIOCGWINSZ, size);
            int columns = Short.toUnsignedInt(size.getAtIndex(ValueLayout.JAVA_SHORT, 1));
            return status == 0 && columns > 0 ? columns : COLUMNS;
        } catch (Throwable e) {
            throw new AssertionError("ioctl takes these arguments", e);
        }
    }
}
