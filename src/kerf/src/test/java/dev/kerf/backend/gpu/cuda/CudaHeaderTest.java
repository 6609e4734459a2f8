package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Holds the bindings to {@code cuda.h}: the parameters of each function by size, the layout of each structure and the
 * value of each constant. The header's side is what a generated program prints; what it printed with CUDA 13.0 is
 * {@code cuda_h.txt}, and where the header and g++ are found it is printed anew.
 */
class CudaHeaderTest {
    private static final Path HEADER = Path.of("cuda.h");

    /** Constants by C's name: all static int fields of a class whose name starts with a prefix. */
    private static void constants(Map<String, Long> into, Class<?> holder, String java, String c)
            throws IllegalAccessException {
        for (Field f : holder.getDeclaredFields()) {
            if (Modifier.isStatic(f.getModifiers()) && f.getType() == int.class && f.getName().startsWith(java)) {
                f.setAccessible(true);
                into.put(c + f.getName().substring(java.length()), (long) f.getInt(null));
            }
        }
    }

    /** Constant C expressions and what the bindings take them to be. */
    private static Map<String, Long> numbers() throws IllegalAccessException {
        Map<String, Long> n = new TreeMap<>();
        constants(n, CuStatus.class, "", "CUDA_ERROR_");
        n.put("CUDA_SUCCESS", n.remove("CUDA_ERROR_SUCCESS"));
        for (String prefix : List.of("MAX_", "MULTIPROCESSOR", "INTEGRATED", "COMPUTE_", "MEMORY_POOLS")) {
            constants(n, CudaDevices.class, prefix, "CU_DEVICE_ATTRIBUTE_" + prefix);
        }
        constants(n, CuCode.class, "JIT_", "CU_JIT_");
        constants(n, CuKernels.class, "FUNC_", "CU_FUNC_ATTRIBUTE_");
        constants(n, CuMemory.class, "RELEASE_THRESHOLD", "CU_MEMPOOL_ATTR_RELEASE_THRESHOLD");
        constants(n, CuMemory.class, "PINNED", "CU_MEM_ALLOCATION_TYPE_PINNED");
        constants(n, CuMemory.class, "ON_DEVICE", "CU_MEM_LOCATION_TYPE_DEVICE");
        constants(n, CuMemory.class, "PORTABLE", "CU_MEMHOSTALLOC_PORTABLE");
        constants(n, CuQueue.class, "NON_BLOCKING", "CU_STREAM_NON_BLOCKING");
        constants(n, CuEvent.class, "DISABLE_TIMING", "CU_EVENT_DISABLE_TIMING");
        constants(n, LaunchConfig.class, "ATTRIBUTE_CLUSTER_DIMENSION", "CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION");
        n.put("sizeof(CUDA_KERNEL_NODE_PARAMS_v1)", NodeParameters.BYTES);
        n.put("offsetof(CUDA_KERNEL_NODE_PARAMS_v1, func)", NodeParameters.FUNCTION);
        n.put("offsetof(CUDA_KERNEL_NODE_PARAMS_v1, gridDimX)", NodeParameters.GRID);
        n.put("offsetof(CUDA_KERNEL_NODE_PARAMS_v1, blockDimX)", NodeParameters.BLOCK);
        n.put("offsetof(CUDA_KERNEL_NODE_PARAMS_v1, sharedMemBytes)", NodeParameters.SHARED);
        n.put("offsetof(CUDA_KERNEL_NODE_PARAMS_v1, kernelParams)", NodeParameters.ARGUMENTS);
        n.put("sizeof(CUlaunchConfig)", LaunchConfig.BYTES);
        n.put("offsetof(CUlaunchConfig, gridDimX)", LaunchConfig.GRID);
        n.put("offsetof(CUlaunchConfig, gridDimZ)", LaunchConfig.GRID + 8);
        n.put("offsetof(CUlaunchConfig, blockDimX)", LaunchConfig.BLOCK);
        n.put("offsetof(CUlaunchConfig, blockDimZ)", LaunchConfig.BLOCK + 8);
        n.put("offsetof(CUlaunchConfig, sharedMemBytes)", LaunchConfig.SHARED);
        n.put("offsetof(CUlaunchConfig, hStream)", LaunchConfig.STREAM);
        n.put("offsetof(CUlaunchConfig, attrs)", LaunchConfig.ATTRIBUTES);
        n.put("offsetof(CUlaunchConfig, numAttrs)", LaunchConfig.COUNT);
        n.put("sizeof(CUlaunchAttribute)", LaunchConfig.ATTRIBUTE_BYTES);
        n.put("offsetof(CUlaunchAttribute, id)", 0L);
        n.put("offsetof(CUlaunchAttribute, value)", LaunchConfig.ATTRIBUTE_VALUE);
        n.put("offsetof(CUlaunchAttribute, value.clusterDim.z)", LaunchConfig.ATTRIBUTE_VALUE + 8);
        n.put("sizeof(CUmemPoolProps)", CuMemory.POOL_PROPERTIES_BYTES);
        n.put("offsetof(CUmemPoolProps, allocType)", CuMemory.POOL_TYPE);
        n.put("offsetof(CUmemPoolProps, location.type)", CuMemory.POOL_LOCATION_TYPE);
        n.put("offsetof(CUmemPoolProps, location.id)", CuMemory.POOL_LOCATION_ID);
        n.put("sizeof(CUjit_option)", 4L);
        return n;
    }

    /** Functions by symbol, each with the sizes of its result and parameters. */
    private static Map<String, String> functions() {
        Map<String, String> sizes = new TreeMap<>();
        for (Method m : LibCuda.class.getDeclaredMethods()) {
            if (m.getName().startsWith("cu")) {
                StringBuilder s = new StringBuilder("4 :");
                for (Class<?> p : m.getParameterTypes()) {
                    s.append(' ').append(p == long.class ? 8 : p == int.class ? 4 : 1);
                }
                sizes.put(CuAddresses.symbol(m.getName()), s.toString());
            }
        }
        return sizes;
    }

    /** The program that prints the header's side. */
    private static String probe() throws IllegalAccessException {
        StringBuilder c = new StringBuilder("""
                #define __CUDA_API_VERSION_INTERNAL // declares each version of a function by its own name
                #include <cuda.h>
                #include <cstddef>
                #include <cstdio>
                template <class F> struct Sizes;
                template <class R, class... A> struct Sizes<R(A...)> {
                    static void print(const char *name) {
                        const size_t all[] = {sizeof(A)..., 0};
                        printf("%s = %zu :", name, sizeof(R));
                        for (size_t i = 0; i < sizeof...(A); i++) printf(" %zu", all[i]);
                        printf("\\n");
                    }
                };
                int main() {
                """);
        for (String expression : numbers().keySet()) {
            c.append("    printf(\"%s = %lld\\n\", \"").append(expression).append("\", (long long)(").append(expression)
                    .append("));\n");
        }
        for (String function : functions().keySet()) {
            c.append("    Sizes<decltype(").append(function).append(")>::print(\"").append(function).append("\");\n");
        }
        return c.append("}\n").toString();
    }

    private static Map<String, String> bindings() throws IllegalAccessException {
        Map<String, String> all = new TreeMap<>(functions());
        numbers().forEach((expression, value) -> all.put(expression, String.valueOf(value)));
        return all;
    }

    private static Map<String, String> parse(String printed) {
        Map<String, String> all = new TreeMap<>();
        printed.lines().filter(l -> l.contains(" = ")).forEach(l -> {
            int equals = l.lastIndexOf(" = ");
            all.put(l.substring(0, equals), l.substring(equals + 3));
        });
        return all;
    }

    /** Where toolkits put their headers. */
    private static List<Path> folders() throws IOException {
        List<Path> folders = new ArrayList<>();
        for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
            if (System.getenv(variable) != null) {
                folders.add(Path.of(System.getenv(variable), "include"));
            }
        }
        folders.add(Path.of("/usr/local/cuda/include"));
        try (Stream<Path> installed = Files.list(Path.of("/usr/local"))) {
            installed.filter(p -> p.getFileName().toString().startsWith("cuda-")).sorted()
                    .forEach(p -> folders.add(p.resolve("include")));
        }
        folders.add(Path.of("/usr/include"));
        return folders;
    }

    @Test
    void bindingsAreWhatWasRecorded() throws IOException, IllegalAccessException {
        try (InputStream in = CudaHeaderTest.class.getResourceAsStream("cuda_h.txt")) {
            assertEquals(parse(new String(in.readAllBytes(), StandardCharsets.UTF_8)), bindings());
        }
    }

    /** Where there is no header or no compiler, the record is all there is, and this says so. */
    @Test
    void bindingsAreWhatTheHeaderSays() throws IOException, InterruptedException, IllegalAccessException {
        List<Path> folders = folders();
        Path include = folders.stream().filter(f -> Files.exists(f.resolve(HEADER))).findFirst().orElse(null);
        boolean compiler = Arrays.stream(System.getenv("PATH").split(":"))
                .anyMatch(p -> Files.isExecutable(Path.of(p, "g++")));
        if (include == null || !compiler) {
            System.out.println("bindings checked against the record of CUDA 13.0 only: "
                    + (include == null ? "no cuda.h in " + folders : "no g++"));
            bindingsAreWhatWasRecorded();
            return;
        }
        System.out.println("bindings checked against " + include.resolve(HEADER));
        Path folder = Files.createTempDirectory("kerf-probe");
        Path source = Files.writeString(folder.resolve("probe.cpp"), probe());
        Path program = folder.resolve("probe");
        run("g++", "-std=c++11", "-I" + include, "-o", program.toString(), source.toString());
        assertEquals(parse(run(program.toString())), bindings());
        Files.delete(source);
        Files.delete(program);
        Files.delete(folder);
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, p.waitFor(), out);
        return out;
    }
}
