package dev.kerf.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.DeviceTensor.HostView;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.KerfException;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Image;
import dev.kerf.image.Nv12;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Memory that callers give and take away: what still uses it then is told so, in words. */
class CallerMemoryTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final int SIDE = 4;

    @TempDir
    private Path directory;

    private static void closed(Executable... uses) {
        for (int i = 0; i < uses.length; i++) {
            String message = assertThrows(ClosedException.class, uses[i], "use " + i).getMessage();
            assertTrue(message.contains("is closed"), message);
        }
    }

    @Test
    void tensorsOfClosedWeights() {
        Path file = directory.resolve("w.safetensors");
        Safetensors.write(file, Map.of("a", HostTensor.of(Shape.of(2), new float[] {1.5f, 2})), Map.of());
        HostTensor a;
        try (Weights weights = Weights.open(file)) {
            a = weights.tensor("a");
            assertEquals(1.5, a.getDouble(0));
        }
        assertEquals(2, a.elements());
        closed(a::data, () -> a.getDouble(0), () -> a.getLong(1), a::toFloatArray, () -> a.to(DType.F16),
                () -> a.reshape(Shape.of(1, 2)).getDouble(0), () -> a.writeNpy(directory.resolve("a.npy")),
                () -> Safetensors.write(directory.resolve("b.safetensors"), Map.of("a", a), Map.of()));
    }

    @Test
    void picturesOfClosedArenas() {
        Image image;
        Nv12 frame;
        HostTensor labels;
        HostView view;
        MemorySegment text;
        try (Arena arena = Arena.ofShared()) {
            image = new Image(SIDE, SIDE, PixelFormat.BGR8, 3 * SIDE, arena.allocate(3 * SIDE * SIDE));
            frame = new Nv12(SIDE, SIDE, Nv12.Matrix.BT601_FULL, SIDE, arena.allocate(SIDE * SIDE * 3 / 2));
            labels = new HostTensor(DType.U8, Shape.of(SIDE, SIDE), arena.allocate(SIDE * SIDE));
            view = HostView.of(arena.allocate(SIDE), DType.U8, Shape.of(SIDE), 1);
            text = arena.allocate(1);
            assertEquals(0, image.sample(0, 0, 0));
        }
        closed(labels::data, image::data, () -> image.sample(0, 0, 0), () -> image.setSample(0, 0, 0, 1), image::toRgb8,
                image::toGrey,
                image::toTensor, image::toPng, image::toBufferedImage, frame::data, view::memory,
                () -> Json.parse(text, "a text"));
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void copiesFromAndToWhatIsClosed(String backend) {
        MemorySegment gone;
        HostView view;
        try (Arena arena = Arena.ofShared()) {
            gone = arena.allocate(SIDE * Float.BYTES);
            view = HostView.of(gone, DType.F32, Shape.of(SIDE), Float.BYTES);
        }
        try (Device device = Backends.open(backend);
                DeviceTensor t = device.allocate(TensorType.f32(SIDE));
                Device.Stream stream = device.stream()) {
            closed(() -> t.upload(gone), () -> t.download(gone), () -> t.upload(view), () -> t.download(view),
                    () -> t.upload(stream, gone), () -> t.download(stream, gone));
            stream.synchronize();
            assertEquals(List.of(0.0, 0.0), List.of(t.toHost().getDouble(0), t.toHost().getDouble(SIDE - 1)));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void whatCanOnlyBeRead(String backend) {
        try (Device device = Backends.open(backend);
                DeviceTensor t = device.allocate(TensorType.f32(SIDE));
                Device.Stream stream = device.stream();
                Arena arena = Arena.ofShared()) {
            MemorySegment fixed = arena.allocate(SIDE * Float.BYTES).asReadOnly();
            HostView view = HostView.of(fixed, DType.F32, Shape.of(SIDE), Float.BYTES);
            t.upload(fixed);
            t.upload(view);
            for (Executable use : List.<Executable>of(() -> t.download(fixed), () -> t.download(view),
                    () -> t.download(stream, fixed))) {
                assertTrue(assertThrows(BadInputException.class, use).getMessage().contains("can only be read"));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void anotherThreadsMemory(String backend) {
        try (Device device = Backends.open(backend);
                DeviceTensor t = device.allocate(TensorType.f32(SIDE));
                Arena mine = Arena.ofConfined()) {
            MemorySegment memory = mine.allocate(SIDE * Float.BYTES);
            Image image = new Image(SIDE, 1, PixelFormat.RGBA8, SIDE * 4L, memory);
            HostView view = HostView.of(memory, DType.F32, Shape.of(SIDE), Float.BYTES);
            t.upload(memory);
            for (Executable use : List.<Executable>of(() -> t.upload(memory), () -> t.download(memory),
                    () -> t.upload(view), () -> image.sample(0, 0, 0), image::toRgb8)) {
                KerfException e = CompletableFuture.supplyAsync(() -> assertThrows(BadInputException.class, use)).join();
                assertTrue(e.getMessage().contains("Arena.ofShared"), e.getMessage());
            }
        }
    }
}
