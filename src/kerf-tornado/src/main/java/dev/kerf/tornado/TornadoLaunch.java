package dev.kerf.tornado;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Geometry;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.DeviceException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * A kernel with its arguments: a list that is replaced, not changed, so that work in a queue keeps the one that it was
 * given.
 */
final class TornadoLaunch extends NativeObject implements Driver.Launch {
    /**
     * A launch with the arguments that it had when it was put into a queue.
     *
     * @param launch    which
     * @param arguments in the manifest's order
     */
    record Call(TornadoLaunch launch, List<Object> arguments) {}

    private final TornadoDriver driver;
    private final TornadoKernel kernel;
    private final Geometry geometry;
    private volatile List<Object> arguments;
    private volatile BitSet late = new BitSet();

    TornadoLaunch(TornadoDriver driver, TornadoKernel kernel, Geometry geometry, List<Object> arguments) {
        super("launch of kernel " + kernel.name(), 0, driver.open());
        this.driver = driver;
        this.kernel = kernel;
        this.geometry = geometry;
        this.arguments = List.copyOf(arguments);
        try {
            checkGeometry();
            checkArguments();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void checkGeometry() {
        if (!geometry.fits(driver.facts().maxGroup())) {
            throw new DeviceException("launch", 0, "INVALID_GEOMETRY", "of kernel " + kernel.name() + ", " + geometry
                    + driver.on(),
                    "groups must divide the work-items and have at most " + driver.facts().maxGroup() + " of them", false);
        }
    }

    private void checkArguments() {
        List<Manifest.Argument> wanted = kernel.manifest().arguments();
        boolean ok = wanted.size() == arguments.size();
        int i = 0;
        for (; ok && i < wanted.size(); i++) {
            Object given = arguments.get(i);
            ok = wanted.get(i).pointer()
                    ? given instanceof TornadoBuffer
                    : given.getClass() == switch (wanted.get(i).type()) {
                        case "int" -> Integer.class;
                        case "long" -> Long.class;
                        default -> Float.class;
                    };
        }
        if (!ok) {
            throw new DeviceException("launch", 0, "INVALID_ARGUMENT", "of kernel " + kernel.name() + ", argument "
                    + Math.max(0, i - 1) + " of " + arguments.size() + driver.on(), "its arguments are " + wanted, false);
        }
    }

    TornadoKernel kernel() {
        return kernel;
    }

    Geometry geometry() {
        return geometry;
    }

    /** The arguments that were replaced since the launch was made, and may be again. */
    BitSet late() {
        return late;
    }

    /** The launch as it is now. */
    Call call() {
        checkOpen();
        return new Call(this, arguments);
    }

    @Override
    public void argument(int index, Driver.Buffer buffer) {
        ((TornadoBuffer) buffer).checkOpen();
        replace(index, buffer);
    }

    @Override
    public void argument(int index, long value) {
        replace(index, value);
    }

    private synchronized void replace(int index, Object value) {
        checkOpen();
        List<Object> changed = new ArrayList<>(arguments);
        changed.set(index, value);
        BitSet set = (BitSet) late.clone();
        set.set(index);
        late = set;
        arguments = List.copyOf(changed);
    }

    @Override
    protected void free(long none) {
        Worker.give(() -> driver.plans().forget(this));
    }
}
