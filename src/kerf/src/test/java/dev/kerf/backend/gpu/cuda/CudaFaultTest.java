package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.DeviceException;
import dev.kerf.error.KerfException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every call of the driver fails once, at each place: an error that names it, and nothing is left behind. */
class CudaFaultTest {
    private static final String STAND_IN = "dev.kerf.backend.gpu.cuda.StandIn#found";

    private static final int NOT_SUPPORTED = 801;
    private static final String COPY = """
            __kernel void duplicate(__global const int *x, __global int *y, int n) {
                int i = get_global_id(0);
                if (i < n) {
                    y[i] = x[i];
                }
            }
            """;

    /** Whoever frees can't free what the driver refuses to take back. */
    private static final Set<String> FREES = Set.of("cuEventDestroy", "cuStreamDestroy", "cuMemFreeAsync", "cuMemFree",
            "cuMemFreeHost", "cuMemPoolDestroy", "cuModuleUnload", "cuLinkDestroy", "cuGraphDestroy", "cuGraphExecDestroy",
            "cuDevicePrimaryCtxRelease", "cuCtxPushCurrent");

    @AfterEach
    void asBefore() {
        StandIn.install().set("pools", 1);
    }

    /** Calls everything, and closes it. */
    private static void whole() {
        try (CudaDriver d = CudaBackend.openDriver(0, new KeptImages(Map.of("duplicate", COPY)));
                Driver.Staging pinned = d.staging(256);
                Driver.Buffer x = d.allocate(256);
                Driver.Buffer y = d.allocate(256);
                Driver.Queue queue = d.queue();
                Driver.Event event = d.event();
                Driver.Timer timer = d.timer();
                Driver.Launch launch = d.launch(d.load("duplicate", Map.of("KERF_DYNAMIC_LOCAL", "1024",
                        "KERF_CLUSTER", "2")),
                        new long[] {64}, new long[] {32}, List.of(x, y, 64));
                Driver.Recording recording = d.record(List.of(launch, launch))) {
            queue.zero(x, 0, 256);
            queue.upload(x, 0, pinned.memory(), 0, 256);
            queue.launch(launch, timer);
            queue.replay(recording);
            launch.argument(0, y);
            recording.update();
            queue.copy(y, 0, x, 0, 256);
            queue.download(x, 0, pinned.memory(), 0, 256);
            queue.signal(event);
            queue.await(event);
            event.await();
            event.passed();
            queue.synchronize();
            queue.synchronize(1_000_000_000L);
            timer.nanos();
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void everyStatusIsChecked(StandIn standIn) {
        everyStatusIsChecked(standIn, 1);
        everyStatusIsChecked(standIn, 0);
    }

    private static void everyStatusIsChecked(StandIn standIn, long pools) {
        standIn.set("pools", pools);
        int faults = 0;
        List<String> calls = Arrays.stream(LibCuda.class.getDeclaredMethods())
                .map(Method::getName)
                .filter(name -> name.startsWith("cu"))
                .sorted()
                .toList();
        for (String call : calls) {
            // An error's own text, and the thread's context, which a failed pop leaves on the stack, aside.
            if (call.equals("cuGetErrorName") || call.equals("cuMemGetInfo") || call.equals("cuCtxPopCurrent")) {
                continue;
            }
            standIn.fault(call, -1, 0);
            long before = standIn.calls(call);
            whole();
            long count = standIn.calls(call) - before;
            boolean pool = call.contains("Pool") || call.equals("cuMemFreeAsync");
            assertEquals(pool ? pools == 1 : !Set.of("cuMemAlloc", "cuMemFree").contains(call) || pools == 0, count > 0,
                    call + " is called " + count + " times");
            // Pushing the context is part of nearly everything; how often a queue is asked depends on the work's speed.
            long places = call.equals("cuStreamQuery") ? 1 : Math.min(count, 6);
            for (long i = 0; i < places; i++) {
                standIn.fault(call, i, NOT_SUPPORTED);
                String where = call + ", " + i + " calls passed";
                String text = assertThrows(KerfException.class, CudaFaultTest::whole, where).getMessage();
                assertTrue(text.replace("cuda: ", "").startsWith("CUDA_ERROR_NOT_SUPPORTED (801) in " + call), text);
                if (FREES.contains(call)) {
                    standIn.abandon();
                }
                assertEquals(Map.of(), standIn.live(), where);
                faults++;
            }
        }
        assertTrue(faults > calls.size(), faults + " faults in " + calls.size() + " functions");
    }

    private static Graph graph() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(4));
        g.output("y", g.softmax(g.add(g.multiply(x, g.constant(2f)), g.constant(1f)), 0));
        return g.build();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void aRunIsOneGraphLaunchAndAllocatesNothing(StandIn standIn) {
        try (Device device = Backends.open("cuda");
                Executable e = device.compile(graph(), null, CompileOptions.of());
                DeviceTensor other = device.allocate(TensorType.f32(4))) {
            e.run();
            List<String> once = List.of("cuGraphLaunch", "cuStreamSynchronize", "cuMemcpyDtoHAsync", "cuEventRecord");
            List<String> never = List.of("cuLaunchKernelEx", "cuMemAllocFromPoolAsync", "cuMemHostAlloc",
                    "cuModuleLoadDataEx", "cuStreamCreate", "cuEventCreate", "cuGraphInstantiate",
                    "cuStreamWaitEvent", "cuMemcpyHtoDAsync");
            Map<String, Long> before = counts(standIn, once, never);
            for (int i = 0; i < 10; i++) {
                e.run();
            }
            Map<String, Long> after = counts(standIn, once, never);
            for (String call : once) {
                assertEquals(10, after.get(call) - before.get(call), call);
            }
            for (String call : never) {
                assertEquals(0, after.get(call) - before.get(call), call);
            }
            other.upload(MemorySegment.ofArray(new float[] {1, 1, 1, 1}));
            DeviceTensor own = e.input("x");
            own.upload(MemorySegment.ofArray(new float[] {0, 0, (float) (Math.log(9) / 2), (float) (Math.log(9) / 2)}));
            List<String> recording = List.of("cuGraphCreate", "cuGraphAddKernelNode", "cuGraphInstantiate");
            before = counts(standIn, recording, List.of("cuGraphExecKernelNodeSetParams"));
            for (int i = 1; i <= 6; i++) {
                boolean mine = i % 2 == 0;
                e.bindInput("x", mine ? own : other);
                e.run();
                e.bindInput("x", mine ? own : other);
                e.run();
                assertEquals(mine ? 0.45 : 0.25, e.output("y").toHost().getDouble(2), 1e-6);
                // The multiplication and the addition are one kernel, which alone reads x.
                assertEquals(before.get("cuGraphExecKernelNodeSetParams") + i,
                        standIn.calls("cuGraphExecKernelNodeSetParams"), "bound to another tensor " + i + " times");
            }
            after = counts(standIn, recording, List.of());
            for (String call : recording) {
                assertEquals(before.get(call), after.get(call), call);
            }
        }
        assertEquals(Map.of(), standIn.live());
    }

    private static Map<String, Long> counts(StandIn standIn, List<String> once, List<String> never) {
        Map<String, Long> counts = new HashMap<>();
        once.forEach(c -> counts.put(c, standIn.calls(c)));
        never.forEach(c -> counts.put(c, standIn.calls(c)));
        return counts;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void outOfMemoryWhileCompilingLeavesNothing(StandIn standIn) {
        try (Device device = Backends.open("cuda")) {
            try (DeviceTensor any = device.allocate(TensorType.f32(1))) {
                any.upload(MemorySegment.ofArray(new float[1])); // makes what all uploads share
            }
            long before = device.memoryInUse();
            Map<String, Long> live = standIn.live();
            Executable made = null;
            int failures = 0;
            while (made == null) {
                standIn.fault("cuMemAllocFromPoolAsync", failures, CuStatus.OUT_OF_MEMORY);
                try {
                    made = device.compile(graph(), null, CompileOptions.of());
                } catch (DeviceException e) {
                    assertTrue(e.outOfMemory(), e.getMessage());
                    assertEquals(before, device.memoryInUse(), "after " + failures + " allocations that passed");
                    assertEquals(live.get("buffers"), standIn.live().get("buffers"));
                    assertEquals(live.get("streams"), standIn.live().get("streams"));
                    assertEquals(live.get("events"), standIn.live().get("events"));
                    failures++;
                }
            }
            standIn.fault("cuMemAllocFromPoolAsync", -1, 0);
            assertTrue(failures > 2, failures + " allocations");
            made.run();
            made.close();
        }
        assertEquals(Map.of(), standIn.live());
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void aFailedLaunchNamesTheKernelAndPasses(StandIn standIn) {
        try (Device device = Backends.open("cuda");
                Executable e = device.compile(graph(), null, CompileOptions.of().profiled())) {
            standIn.fault("cuLaunchKernelEx", 0, CuStatus.LAUNCH_OUT_OF_RESOURCES);
            String text = assertThrows(DeviceException.class, e::run).getMessage();
            assertTrue(text.startsWith("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES (701) in cuLaunchKernelEx of kernel ")
                    && text.contains("work-items in groups of") && text.contains("without tuned parameters"), text);
            e.run();
        }
        assertEquals(Map.of(), standIn.live());
    }

    /** A kernel that fails is found out by the wait; nothing works from then on, and all is freed by closing. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void aLostDeviceSaysSoAndCloses(StandIn standIn) {
        Device device = Backends.open("cuda");
        Executable e = device.compile(graph(), null, CompileOptions.of());
        DeviceTensor y = e.output("y");
        e.run();
        standIn.fault("cuStreamSynchronize", 0, CuStatus.LAUNCH_FAILED);
        String text = assertThrows(DeviceException.class, e::run).getMessage();
        assertTrue(text.startsWith("CUDA_ERROR_LAUNCH_FAILED (719) in cuStreamSynchronize on " + StandIn.DEVICE)
                && text.contains("close the device") && text.contains("CUDA_LAUNCH_BLOCKING=1"), text);
        assertThrows(DeviceException.class, e::run);
        assertThrows(DeviceException.class, y::toHost);
        assertThrows(DeviceException.class, () -> device.allocate(TensorType.f32(4)));
        assertThrows(DeviceException.class, e::close);
        assertThrows(DeviceException.class, device::close);
        assertEquals(0, device.memoryInUse());
        device.close();
        assertEquals(Map.of(), standIn.live());
        try (Device again = Backends.open("cuda");
                Executable works = again.compile(graph(), null, CompileOptions.of())) {
            works.run();
            assertEquals(0.25, works.output("y").toHost().getDouble(1));
        }
        assertEquals(Map.of(), standIn.live());
    }

    /** Whatever context a thread had stays its current one, after errors too. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void threadsKeepTheirContext(StandIn standIn) {
        long foreign = 0x1234;
        standIn.context(foreign);
        try {
            whole();
            assertEquals(foreign, current());
            for (String call : List.of("cuModuleLoadDataEx", "cuGraphInstantiate", "cuGraphAddKernelNode",
                    "cuMemcpyHtoDAsync", "cuLaunchKernelEx", "cuEventSynchronize", "cuMemHostAlloc")) {
                standIn.fault(call, 0, NOT_SUPPORTED);
                assertThrows(DeviceException.class, CudaFaultTest::whole, call);
                assertEquals(foreign, current(), call);
            }
        } finally {
            assertEquals(0, standIn.context(0), "more was pushed than popped");
        }
        assertEquals(Map.of(), standIn.live());
    }

    private static long current() {
        return StandIn.install().context(-1);
    }
}
