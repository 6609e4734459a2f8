package dev.kerf.bench;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.CudaBackend;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import jcuda.driver.JCudaDriver;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What it costs to call native code: a call that does next to nothing, through FFM with plain and with critical linkage and
 * through JCuda's JNI, and a kernel's launch through FFM and through JCuda.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class BindingBenchmark {
    private static final int LAUNCHES = 100;
    private static final MethodHandle PID = libc("getpid", FunctionDescriptor.of(ValueLayout.JAVA_INT));
    private static final MethodHandle PID_CRITICAL = libc("getpid", FunctionDescriptor.of(ValueLayout.JAVA_INT),
            Linker.Option.critical(false));

    @SuppressWarnings("restricted") // getpid has this signature everywhere
    private static MethodHandle libc(String name, FunctionDescriptor type, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), type, options);
    }

    /** {@code cuDriverGetVersion}, which answers without a look at a device. */
    public static final class Version {
        private static final MemorySegment ADDRESS = address();
        private static final FunctionDescriptor TYPE = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG);
        static final MethodHandle PLAIN = handle();
        static final MethodHandle CRITICAL = handle(Linker.Option.critical(false));

        private Version() {}

        @SuppressWarnings("restricted") // as cuda.h declares it
        private static MemorySegment address() {
            return SymbolLookup.libraryLookup("libcuda.so.1", Arena.global()).find("cuDriverGetVersion").orElseThrow();
        }

        @SuppressWarnings("restricted") // as cuda.h declares it
        private static MethodHandle handle(Linker.Option... options) {
            return Linker.nativeLinker().downcallHandle(ADDRESS, TYPE, options);
        }
    }

    /** Where answers go. */
    @State(Scope.Thread)
    public static class Cells {
        final MemorySegment cell = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);
        final int[] array = new int[1];
    }

    /** A kernel of one small group, ready to be launched. */
    @State(Scope.Thread)
    public static class Ready {
        /** Through what. */
        @Param({"cuda", "jcuda"})
        public String backend;

        private Driver driver;
        private Driver.Buffer y;
        private Driver.Queue queue;
        private Driver.Launch launch;

        /** Opens device 0. JCuda's driver isn't compiled with the benchmarks, and is asked for by name. */
        @Setup
        public void open() throws ReflectiveOperationException {
            driver = backend.equals("cuda")
                    ? CudaBackend.openDriver(0)
                    : (Driver) Class.forName("dev.kerf.backend.gpu.jcuda.JcudaBackend").getMethod("openDriver", int.class)
                            .invoke(null, 0);
            y = driver.allocate(1024);
            queue = driver.queue();
            launch = driver.launch(driver.load("multiply_add", Map.of("GROUP", "256", "WIDE", "0", "KERF_STORAGE", "0")),
                    new long[] {256}, new long[] {256}, List.of(y, 256, 1, 0.5f, 0.5f));
        }

        /** An empty queue to begin with: what is measured is the host's part alone. */
        @Setup(Level.Invocation)
        public void empty() {
            queue.synchronize();
        }

        /** Frees everything. */
        @TearDown
        public void close() {
            driver.close();
        }
    }

    /** FFM. */
    @Benchmark
    public int pidPlain() throws Throwable {
        return (int) PID.invokeExact();
    }

    /** FFM without the change of the thread's state. */
    @Benchmark
    public int pidCritical() throws Throwable {
        return (int) PID_CRITICAL.invokeExact();
    }

    /** FFM. */
    @Benchmark
    public int versionPlain(Cells c) throws Throwable {
        return (int) Version.PLAIN.invokeExact(c.cell.address());
    }

    /** FFM without the change of the thread's state. */
    @Benchmark
    public int versionCritical(Cells c) throws Throwable {
        return (int) Version.CRITICAL.invokeExact(c.cell.address());
    }

    /** JNI. */
    @Benchmark
    public int versionJcuda(Cells c) {
        return JCudaDriver.cuDriverGetVersion(c.array);
    }

    /** A launch, the context made current and put back. */
    @Benchmark
    @OperationsPerInvocation(LAUNCHES)
    public void launch(Ready r) {
        for (int i = 0; i < LAUNCHES; i++) {
            r.queue.launch(r.launch);
        }
    }
}
