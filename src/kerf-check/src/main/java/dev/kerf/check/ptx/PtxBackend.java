package dev.kerf.check.ptx;

import dev.kerf.backend.Backend;
import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.KernelImages;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.check.ptx.machine.Watch;
import dev.kerf.error.BackendUnavailableException;
import java.util.List;

/**
 * The PTX that ships, in an interpreter: one device, which any machine has, far slower than a GPU. What tuned files of the user's ask for
 * that doesn't ship is compiled by nvcc or NVRTC. A kernel that
 * breaks a rule ends in a {@link dev.kerf.error.DeviceException} that names rule, instruction, block and lane; the device is lost then.
 * System properties:
 * <ul>
 *   <li>{@code kerf.ptx.card}: the GPU that it passes for, {@code h100} by default</li>
 *   <li>{@code kerf.ptx.checks}: {@code false} leaves out the rules that cost time, of races and of memory that nobody has written</li>
 *   <li>{@code kerf.ptx.strict}: {@code true} makes it an error, too, to read global memory that nobody has written; kernels do so
 *       beyond a count, and throw away what they get</li>
 *   <li>{@code kerf.ptx.truncate}: {@code true} rounds sums of tensor cores towards 0</li>
 * </ul>
 *
 * <pre>{@code Device device = Backends.open("ptx");}</pre>
 */
public final class PtxBackend implements Backend {
    static final String NAME = "ptx";

    /** Starts nothing. */
    public PtxBackend() {}

    @Override
    public String name() {
        return NAME;
    }

    /** Taken only when it is asked for. */
    @Override
    public int priority() {
        return -1;
    }

    @Override
    public List<Device.Info> devices() {
        return List.of(PtxDriver.facts(card()).info());
    }

    @Override
    public Device open(int ordinal) {
        return new GpuDevice(openDriver(ordinal));
    }

    /** The driver of the device, for tests and measurements below the graph. */
    public static Driver openDriver(int ordinal) {
        if (ordinal != 0) {
            throw new BackendUnavailableException(NAME + ": there is no device " + ordinal + ", only 0");
        }
        return new PtxDriver(card(), new Watch(Boolean.parseBoolean(System.getProperty("kerf.ptx.checks", "true")),
                Boolean.getBoolean("kerf.ptx.strict"), false, Boolean.getBoolean("kerf.ptx.truncate")), PtxDriver.UNWRITTEN,
                new CompiledPtx(CompiledPtx.USUAL));
    }

    /** A device that passes for a card and runs code from elsewhere than what ships; races and the like are watched. */
    public static GpuDevice open(Card card, KernelImages images) {
        return open(card, images, Target.Forced.NONE);
    }

    /** The same with kernels and parameters of a test's choice. */
    public static GpuDevice open(Card card, KernelImages images, Target.Forced forced) {
        return new GpuDevice(new PtxDriver(card, new Watch(true, false, false, false), PtxDriver.UNWRITTEN, images), forced);
    }

    private static Card card() {
        return Card.of(System.getProperty("kerf.ptx.card", "h100"));
    }
}
