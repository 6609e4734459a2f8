package dev.kerf.check.ptx;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.KernelImages;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.ptx.machine.DeviceMemory;
import dev.kerf.check.ptx.machine.Entry;
import dev.kerf.check.ptx.machine.Watch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A device that counts instead of running: graphs are compiled for it as for the card that it passes for, with the PTX that ships, and
 * of a launch it runs the blocks that are asked for. Memory reads as 0, whatever other launches did, but for what was uploaded and what
 * is written for a launch. For one thread.
 *
 * <pre>{@code
 * try (LaunchCounter counter = new LaunchCounter(Card.of("h100"));
 *         Executable e = counter.device().compile(graph, null, CompileOptions.of())) {
 *     Step first = GpuDevice.steps(e).getFirst();
 *     LaunchCounts counts = counter.count(first.launch(), Manifest.of(first.kernel()), LaunchCounter.ALL).counts();
 * }
 * }</pre>
 */
public final class LaunchCounter implements AutoCloseable {
    /** All blocks of a launch, however many. */
    public static final int ALL = Integer.MAX_VALUE;

    /** Instructions of warps after which the blocks between the first and the last are left at that. */
    private static final long ENOUGH = 3_000_000;
    private static final int LEAST = 2;

    private final PtxDriver driver;
    private final GpuDevice device;
    private final List<Runnable> undone = new ArrayList<>();

    /** Opens it, with the code that ships. */
    public LaunchCounter(Card card) {
        this(card, KernelImages.shipped());
    }

    /** Opens it. */
    public LaunchCounter(Card card, KernelImages images) {
        driver = new PtxDriver(card, new Watch(false, false, true, false, true), (byte) 0, images);
        device = new GpuDevice(driver);
    }

    PtxDriver driver() {
        return driver;
    }

    /** The device to compile for. */
    public GpuDevice device() {
        return device;
    }

    /** PTX of a kernel with these definitions. */
    public byte[] code(String kernel, Map<String, String> definitions) {
        return driver.code(kernel, definitions).bytes();
    }

    /** About how many registers a thread of a launch takes: those of its PTX that are alive at a time. An assembler knows better. */
    public int registers(Driver.Launch launch) {
        return ((PtxLaunch) launch).now().kernel().program().registers();
    }

    /** Bytes of memory of a thread's own that a launch's PTX declares. */
    public int localBytes(Driver.Launch launch) {
        return ((PtxLaunch) launch).now().kernel().program().localBytes();
    }

    /**
     * What a launch does.
     *
     * @param sampled how many of its blocks were run
     * @param counts  of all blocks, as far as those that were run stand for the others
     */
    public record Counted(long sampled, LaunchCounts counts) {}

    /**
     * Runs some blocks of a launch and counts what they do. What was written for it is gone afterwards.
     *
     * @param most blocks besides the first and the last; fewer where these take many instructions. Where several blocks share a tile,
     *             {@code splits} in a row, so many tiles
     * @throws dev.kerf.error.DeviceException if they break a rule
     */
    public Counted count(Driver.Launch launch, Manifest kernel, int most) {
        try {
            PtxLaunch.Bound bound = ((PtxLaunch) launch).now();
            int splits = kernel.index("splits");
            int together = splits < 0
                    ? 1
                    : (int) DeviceMemory.INT.get(bound.arguments(), ((PtxLaunch) launch).parameter(splits).offset());
            long all = bound.blocks() / together;
            long[] ends = Sample.ends(all);
            LaunchCounts counts = driver.count(bound, blocks(ends, together));
            long each = Math.max(1, counts.total() / ends.length);
            long[] inner = Sample.inner(all, most == ALL ? ALL : Math.clamp(ENOUGH / each, LEAST, most));
            if (inner.length > 0) {
                counts = counts.plus(driver.count(bound, blocks(inner, together)), (all - ends.length) / (double) inner.length);
            }
            return new Counted((long) (ends.length + inner.length) * together, counts);
        } finally {
            undone.reversed().forEach(Runnable::run);
            undone.clear();
        }
    }

    private static long[] blocks(long[] places, int together) {
        long[] blocks = new long[places.length * together];
        Arrays.setAll(blocks, i -> places[i / together] * together + i % together);
        return blocks;
    }

    /**
     * What two launches must have in common to do the same: kernel, geometry and arguments, wherever their tensors lie. What they read
     * from indices may differ, so these have to be the same ones; tables of offsets have to hold the same.
     */
    public Object identity(Driver.Launch launch, Manifest kernel) {
        PtxLaunch.Bound now = ((PtxLaunch) launch).now();
        byte[] arguments = now.arguments().clone();
        List<Object> all = new ArrayList<>(List.of(now.kernel()));
        for (int i = 0; i < kernel.arguments().size(); i++) {
            Manifest.Argument a = kernel.arguments().get(i);
            boolean data = a.pointer() && !a.type().equals("const int*") && !a.type().equals("const float*");
            if (data || a.name().equals("node")) {
                Entry.Parameter p = ((PtxLaunch) launch).parameter(i);
                if (a.type().equals("const long*")) {
                    DeviceMemory.Allocation table = driver.memory().at((long) DeviceMemory.LONG.get(arguments, p.offset()));
                    all.add(ByteBuffer.wrap(table.bytes, 0, table.size));
                }
                Arrays.fill(arguments, p.offset(), p.offset() + p.bytes(), (byte) 0);
            }
        }
        for (int[] numbers : new int[][] {now.groups(), now.items()}) {
            Arrays.stream(numbers).forEach(all::add);
        }
        for (byte b : arguments) {
            all.add(b);
        }
        return all;
    }

    /**
     * Writes 32-bit numbers where an argument of a launch points, from the element that its {@code _off} says, as far as there is room;
     * for the launch that is counted next.
     */
    public void write(Driver.Launch launch, Manifest kernel, String argument, int[] values) {
        PtxLaunch l = (PtxLaunch) launch;
        byte[] arguments = l.now().arguments();
        long address = (long) DeviceMemory.LONG.get(arguments, l.parameter(kernel.index(argument)).offset());
        long first = (long) DeviceMemory.LONG.get(arguments, l.parameter(kernel.index(argument + "_off")).offset());
        DeviceMemory.Allocation to = driver.memory().at(address);
        int at = Math.toIntExact(address - to.address + first * Integer.BYTES);
        int count = Math.min(values.length, (to.size - at) / Integer.BYTES);
        byte[] before = Arrays.copyOfRange(to.bytes, at, at + count * Integer.BYTES);
        undone.add(() -> System.arraycopy(before, 0, to.bytes, at, before.length));
        for (int i = 0; i < count; i++) {
            DeviceMemory.INT.set(to.bytes, at + i * Integer.BYTES, values[i]);
        }
    }

    @Override
    public void close() {
        device.close();
    }
}
