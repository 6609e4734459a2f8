package dev.kerf.check.ptx;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Geometry;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.check.ptx.machine.DeviceMemory;
import dev.kerf.check.ptx.machine.Entry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;

/** A kernel with its arguments as the bytes that it reads them from. */
final class PtxLaunch extends NativeObject implements Driver.Launch {
    /**
     * What is run: arguments never change, so that what is in a queue keeps them.
     *
     * @param groups blocks along each of three axes
     * @param items  threads of a block along each
     */
    record Bound(PtxKernel kernel, int[] groups, int[] items, byte[] arguments) {
        long blocks() {
            return (long) groups[0] * groups[1] * groups[2];
        }

        int threads() {
            return items[0] * items[1] * items[2];
        }
    }

    private final List<Entry.Parameter> parameters;
    private Bound now;

    PtxLaunch(PtxKernel kernel, Geometry geometry, List<Object> arguments, Set<NativeObject> open) {
        super("launch of kernel " + kernel.name(), 0, open);
        Entry entry = kernel.program().entry;
        parameters = List.copyOf(entry.parameters().values());
        int[] groups = {geometry.groups(0), geometry.groups(1), geometry.groups(2)};
        int[] items = {geometry.items(0), geometry.items(1), geometry.items(2)};
        ByteBuffer values = ByteBuffer.allocate(entry.parameterBytes() + 16).order(ByteOrder.LITTLE_ENDIAN);
        try {
            if (arguments.size() != parameters.size()) {
                throw new IllegalArgumentException("kernel " + kernel.name() + " has " + parameters.size()
                        + " arguments, not " + arguments.size());
            }
            for (int i = 0; i < arguments.size(); i++) {
                switch (arguments.get(i)) {
                    case Driver.Buffer b -> values.putLong(place(i, 8), ((PtxDriver.PtxBuffer) b).handle());
                    case Long l -> values.putLong(place(i, 8), l);
                    case Integer n -> values.putInt(place(i, 4), n);
                    case Float f -> values.putFloat(place(i, 4), f);
                    default -> throw new IllegalArgumentException("kernel " + kernel.name() + ", argument " + i + ": "
                            + arguments.get(i));
                }
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        now = new Bound(kernel, groups, items, values.array());
    }

    /** The bytes of an argument among {@link Bound#arguments}. */
    Entry.Parameter parameter(int index) {
        return parameters.get(index);
    }

    private int place(int index, int bytes) {
        Entry.Parameter p = parameters.get(index);
        if (p.bytes() != bytes) {
            throw new IllegalArgumentException("argument " + index + " has " + p.bytes() + " bytes, not " + bytes);
        }
        return p.offset();
    }

    /** What it would run now. */
    Bound now() {
        checkOpen();
        return now;
    }

    @Override
    public void argument(int index, Driver.Buffer buffer) {
        argument(index, ((PtxDriver.PtxBuffer) buffer).handle());
    }

    @Override
    public void argument(int index, long value) {
        checkOpen();
        byte[] changed = now.arguments().clone();
        DeviceMemory.LONG.set(changed, place(index, 8), value);
        now = new Bound(now.kernel(), now.groups(), now.items(), changed);
    }

    @Override
    protected void free(long none) {}
}
