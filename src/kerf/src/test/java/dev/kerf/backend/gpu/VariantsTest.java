package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.error.BadFileException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.TensorType;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Variants of a stand-in, {@code triple}: for CUDA, for OpenCL's vectors, and the kernel itself. */
class VariantsTest {
    private static final long KIB = 1024;

    private static Driver.Facts facts(Device.Info.Kind kind, String vendor, String architecture, Driver.Code code) {
        Device.Info info = new Device.Info("test", 0, kind, "A device", vendor, "1", 1, 1, 1,
                List.of(Precision.FLOAT32, Precision.FLOAT16));
        return new Driver.Facts(info, architecture, 64, 1024, 48 * KIB, false, false, code);
    }

    private static KernelCall call(Driver.Facts facts, long n, String forced) {
        return call(facts, n, forced, Precision.FLOAT32);
    }

    private static KernelCall call(Driver.Facts facts, long n, String forced, Precision precision) {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.relu(g.input("x", TensorType.f32(1))));
        Graph graph = g.build();
        Target.Forced choices = forced == null ? Target.Forced.NONE : new Target.Forced(Map.of("triple", forced), Map.of());
        Target target = new Target(facts, graph, precision, TunedParameters.of(facts, Path.of("nowhere")), choices);
        return target.call("triple", Sizes.of().set("n", n));
    }

    @Test
    void inheritsWhatItDoesNotSay() {
        Manifest kernel = Manifest.of("triple");
        Manifest cuda = Manifest.of("triple_sm80");
        Manifest cpu = Manifest.of("triple_cpu");
        assertEquals(List.of(cuda, cpu), kernel.variants());
        assertEquals("triple", cuda.variantOf());
        assertEquals(List.of("x", "x_off", "y", "y_off", "n", "stages"),
                cuda.arguments().stream().map(Manifest.Argument::name).toList());
        assertEquals(kernel.arguments(), cpu.arguments());
        assertEquals(List.of("TYPE"), cuda.attributes());
        assertEquals(List.of("TYPE", "WIDE", KernelSource.ARITHMETIC), cpu.attributes());
        assertEquals(kernel.shipped(), cuda.shipped());
        assertTrue(cpu.shipped().isEmpty(), "what only OpenCL reads isn't shipped compiled");
        Map<String, Long> names = Map.of("n", 10L, "real", 4L);
        assertEquals(10, cuda.flops().value(names));
        assertEquals(80, cuda.bytes().value(names));
        assertEquals(40, cpu.bytes().value(names));
        assertFalse(cuda.parameters().containsKey("GROUP"));
        assertEquals("cuda/triple_sm80.cu", cuda.file());
        assertEquals("triple_cpu.cl", cpu.file());
    }

    @ParameterizedTest
    @CsvSource({
        // kind, dialect, architecture, isa, dynamic KiB, n, what is chosen
        "GPU, CUDA, sm_90, 85, 227, 64, triple_sm80", "GPU, CUDA, sm_80, 70, 163, 64, triple_sm80",
        "GPU, CUDA, sm_120, 88, 99, 64, triple_sm80", "GPU, CUDA, sm_75, 85, 163, 64, triple",
        "GPU, CUDA, sm_90, 65, 227, 64, triple", "GPU, CUDA, sm_86, 85, 64, 64, triple",
        "GPU, CUDA, sm_90, 85, 227, 63, triple", "GPU, OPENCL, '', 0, 0, 64, triple_cpu",
        "GPU, OPENCL, sm_90, 85, 227, 64, triple_cpu", "CPU, OPENCL, '', 0, 0, 64, triple_cpu",
        "ACCELERATOR, OPENCL, '', 0, 0, 64, triple"})
    void theFirstThatFitsIsChosen(
            Device.Info.Kind kind, Dialect dialect, String architecture, int isa, long dynamic, long n, String chosen) {
        Driver.Facts facts = facts(kind, "Acme", architecture, new Driver.Code(dialect, isa, dynamic * KIB));
        assertEquals(chosen, call(facts, n, null).kernel().name());
    }

    @Test
    void noDeviceTakesSourceOfAnotherDialect() {
        Driver.Facts openCl = facts(Device.Info.Kind.GPU, "NVIDIA Corporation", "sm_90", Driver.Code.OPENCL);
        assertEquals("triple", call(openCl, 64, "triple_sm80").kernel().name());
        assertTrue(assertThrows(UnsupportedOpException.class, () -> KernelSource.of("triple_sm80", Dialect.OPENCL))
                .getMessage().contains("CUDA C++"));
        Driver.Facts cuda = facts(Device.Info.Kind.GPU, "NVIDIA", "sm_90", new Driver.Code(Dialect.CUDA, 85, 227 * KIB));
        assertEquals("triple", call(cuda, 64, "triple_cpu").kernel().name());
        assertThrows(UnsupportedOpException.class, () -> KernelSource.of("triple_cpu", Dialect.CUDA));
        String source = KernelSource.of("triple_sm80", Dialect.CUDA);
        assertTrue(source.contains("#line 1 \"cuda/triple_sm80.cu\"\n") && source.contains("__shared__ float held[]"));
        assertTrue(source.indexOf("dialect.h") < source.indexOf("triple_sm80.cu"));
    }

    @ParameterizedTest
    @CsvSource({"FLOAT32, 0", "TF32, 1", "TF32X3, 3", "FLOAT16, 0"})
    void onlyAKernelThatAsksSeesTheArithmetic(Precision precision, String code) {
        Driver.Facts openCl = facts(Device.Info.Kind.CPU, "Acme", "", Driver.Code.OPENCL);
        assertEquals(code, call(openCl, 64, null, precision).definitions().get(KernelSource.ARITHMETIC));
        assertFalse(call(openCl, 64, "triple", precision).definitions().containsKey(KernelSource.ARITHMETIC));
    }

    @ParameterizedTest
    @CsvSource({"FLOAT32, triple_sm80", "FLOAT16, triple_sm80", "TF32, triple", "BFLOAT16, triple"})
    void aVariantIsForItsPrecisions(Precision precision, String chosen) {
        Driver.Facts cuda = facts(Device.Info.Kind.GPU, "NVIDIA", "sm_90", new Driver.Code(Dialect.CUDA, 85, 227 * KIB));
        assertEquals(chosen, call(cuda, 64, null, precision).kernel().name());
        assertEquals(chosen, call(cuda, 64, "triple_sm80", precision).kernel().name());
    }

    @Test
    void theLaunchSaysItsMemoryAndLayout() {
        Driver.Facts cuda = facts(Device.Info.Kind.GPU, "NVIDIA", "sm_90", new Driver.Code(Dialect.CUDA, 85, 227 * KIB));
        KernelCall call = call(cuda, 64, null);
        assertEquals(String.valueOf(3 * 32 * KIB), call.definitions().get(KernelSource.DYNAMIC_LOCAL));
        assertEquals(Map.of("tile", 24L, "taps_inner", 0L), call.layout("x", "panels"));
        assertTrue(assertThrows(IllegalStateException.class, () -> call.layout("x", "rows")).getMessage().contains("panels"));
        assertThrows(IllegalStateException.class, () -> call.layout("y", "panels"));
        assertFalse(call(cuda, 63, null).definitions().containsKey(KernelSource.DYNAMIC_LOCAL));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"triple_cpu\" | \"other_cpu\"", "\"OpenCL C\" | \"Fortran\"", "\"CUDA C++\" | \"both\"",
        "\"layout\": \"panels\", | ''", "\"triple.cl\" | \"other.cl\"",
        "\"sm_80\" | \"sm_79\"", "\"float16\" | \"half\"", "\"dialect\": \"CUDA C++\", | ''",
        "\"global\": [\"ceil_div(n, 16)\"], | ''"})
    void refusesWhatIsMalformed(String what, String by) {
        String good = Manifest.resource("manifest/triple.json");
        Manifest.parse("triple", Json.parse(good));
        assertTrue(good.contains(what));
        Json bad = Json.parse(good.replace(what, by == null ? "" : by));
        assertThrows(BadFileException.class, () -> Manifest.parse("triple", bad));
    }
}
