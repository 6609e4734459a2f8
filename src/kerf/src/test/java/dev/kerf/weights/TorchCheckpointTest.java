package dev.kerf.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.KerfException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights.TensorInfo;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads checkpoints that PyTorch wrote: the .pt files beside make_checkpoints.py, which says what is in them. */
class TorchCheckpointTest {
    @TempDir
    Path dir;

    private Path resource(String name) throws IOException {
        Path path = dir.resolve(name);
        try (InputStream in = getClass().getResourceAsStream(name)) {
            Files.write(path, in.readAllBytes());
        }
        return path;
    }

    private static double[] values(HostTensor t) {
        double[] out = new double[(int) t.elements()];
        for (int i = 0; i < out.length; i++) {
            out[i] = t.getDouble(i);
        }
        return out;
    }

    @ParameterizedTest
    @ValueSource(strings = {"dtypes.pt", "dtypes-legacy.pt"})
    void everyDtypeIsRead(String name) throws IOException {
        try (Weights weights = Weights.open(resource(name))) {
            assertEquals(name.equals("dtypes.pt") ? 13 : 10, weights.names().size());
            for (TensorInfo info : weights.tensors()) {
                String torch = info.dtype().name().toLowerCase(Locale.ROOT).replaceFirst("^bf", "bfloat")
                        .replaceFirst("^f(?=\\d)", "float").replaceFirst("^i(?=\\d)", "int")
                        .replaceFirst("^u(?=\\d)", "uint");
                assertEquals(info.name(), torch);
                assertEquals(Shape.of(2, 3), info.shape());
                double[] expected = switch (info.dtype()) {
                    case BOOL -> new double[] {0, 1, 0, 1, 0, 1};
                    case U8, U16, U32, U64 -> new double[] {0, 1, 2, 3, 4, 5};
                    default -> new double[] {-2, -1, 0, 1, 2, 3};
                };
                assertArrayEquals(expected, values(weights.tensor(info.name())), info.name());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"views.pt", "views-legacy.pt", "views-protocol4.pt"})
    void viewsOfOneStorageBecomeDense(String name) throws IOException {
        double[] base = new double[24];
        double[] transposed = new double[24];
        for (int i = 0; i < 24; i++) {
            base[i] = i % 7 - 2;
            transposed[i] = (i % 4 * 6 + i / 4) % 7 - 2;
        }
        try (TorchCheckpoint file = TorchCheckpoint.open(resource(name))) {
            assertEquals(List.of("base", "transposed", "slice", "row", "expanded", "scalar", "empty", "parameter"),
                    List.copyOf(file.tensors().keySet()));
            assertArrayEquals(base, values(file.tensor("base")));
            assertEquals(Shape.of(6, 4), file.tensor("transposed").shape());
            assertArrayEquals(transposed, values(file.tensor("transposed")));
            assertArrayEquals(new double[] {base[6], base[8], base[10], base[12], base[14], base[16]},
                    values(file.tensor("slice")));
            assertArrayEquals(Arrays.copyOfRange(base, 12, 18), values(file.tensor("row")));
            assertArrayEquals(new double[] {-2, -1, 0, -2, -1, 0, -2, -1, 0, -2, -1, 0},
                    values(file.tensor("expanded")));
            assertEquals(Shape.of(), file.tensor("scalar").shape());
            assertArrayEquals(new double[] {2.5}, values(file.tensor("scalar")));
            assertEquals(Shape.of(0, 3), file.tensor("empty").shape());
            assertArrayEquals(new double[] {-2, -1, 0}, values(file.tensor("parameter")));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"negated.pt", "negated-legacy.pt"})
    void tensorsThatPyTorchHadYetToNegateAreNegated(String name) throws IOException {
        try (TorchCheckpoint file = TorchCheckpoint.open(resource(name))) {
            assertEquals(13, file.tensors().size());
            for (TensorInfo info : file.tensors().values()) {
                double[] expected = switch (info.name()) {
                    case "uint8" -> new double[] {0, 255, 254, 253, 252, 251};
                    case "transposed" -> new double[] {2, -1, 1, -2, -0.0, -3};
                    case "imaginary", "parameter" -> new double[] {2, 1, -0.0};
                    case "plain" -> new double[] {-2, -1, 0};
                    default -> new double[] {2, 1, info.dtype().floating() ? -0.0 : 0, -1, -2, -3};
                };
                assertArrayEquals(expected, values(file.tensor(info.name())), info.name());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"training.pt", "training-legacy.pt"})
    void stateDictIsFoundInATrainingCheckpoint(String name) throws IOException {
        try (TorchCheckpoint file = TorchCheckpoint.open(resource(name))) {
            assertEquals(List.of("0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
                    "1.num_batches_tracked"), List.copyOf(file.tensors().keySet()), "without DataParallel's prefix");
            assertArrayEquals(new double[] {-2, -1}, values(file.tensor("1.bias")));
            assertEquals(DType.I64, file.tensor("1.num_batches_tracked").dtype());
            assertArrayEquals(new double[] {1}, values(file.tensor("1.num_batches_tracked")));
            assertEquals(Map.of("epoch", "3", "best", "0.875", "step", "12", "classes", "[\"cell\",\"membrane\"]",
                    "loss", "0.5", "device", "cpu", "size", "[5,5]"), file.metadata());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"beside.pt", "beside-legacy.pt", "beside-protocol4.pt"})
    void whatScriptsKeepBesideTheWeightsIsPassedOver(String name) throws IOException {
        try (TorchCheckpoint file = TorchCheckpoint.open(resource(name))) {
            assertEquals(List.of("0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
                    "1.num_batches_tracked"), List.copyOf(file.tensors().keySet()),
                    "averaged and compiled: without n_averaged, module and _orig_mod");
            assertArrayEquals(new double[] {-2, -1}, values(file.tensor("1.bias")));
            assertEquals(Map.of("epoch", "2", "losses", "[0.5,0.25]"), file.metadata());
        }
    }

    @Test
    void wholeModelsAreRefused() throws IOException {
        Path path = resource("whole-model.pt");
        String message = assertThrows(BadFileException.class, () -> TorchCheckpoint.open(path)).getMessage();
        assertTrue(message.contains(
                "forbidden global torch.nn.modules.container.Sequential, at byte 2 of the pickle; "), message);
        assertTrue(message.contains("save the state_dict()"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dtypes.pt", "views-legacy.pt", "training.pt", "training-legacy.pt"})
    void everyPrefixOfAFileIsRefused(String name) throws IOException {
        Path cut = resource(name);
        try (FileChannel channel = FileChannel.open(cut, StandardOpenOption.WRITE)) {
            for (long n = Files.size(cut) - 1; n >= 0; n--) {
                channel.truncate(n);
                String at = "length " + n;
                String message = assertThrows(BadFileException.class, () -> TorchCheckpoint.open(cut), at).getMessage();
                assertTrue(message.startsWith(cut.toString()) && message.lines().count() == 1, message);
                if (n < 600) {
                    assertThrows(BadFileException.class, () -> Weights.open(cut), at);
                }
            }
        }
    }

    @Test
    void aDownloadCutOffSaysWhatIsMissing() throws IOException {
        Path path = resource("dtypes.pt");
        byte[] whole = Files.readAllBytes(path);
        Files.write(path, Arrays.copyOf(whole, whole.length / 2));
        String message = assertThrows(BadFileException.class, () -> Weights.open(path)).getMessage();
        assertTrue(message.matches(".*dtypes\\.pt: the file ends at byte " + whole.length / 2
                + " without a zip directory: it "
                + "was cut off; its pickle is whole and names 13 tensors of 282 bytes.*; fetch it again"), message);

        Path big = PickleBytes.zip(dir.resolve("big.pt"), ZipEntry.STORED, PickleBytes.oneTensor("head.weight", 1000),
                Map.of("data/0", new byte[4000]));
        Files.write(big, Arrays.copyOf(Files.readAllBytes(big), 2000));
        message = assertThrows(BadFileException.class, () -> Weights.open(big)).getMessage();
        assertTrue(message.contains("names 1 tensors of 4000 bytes; tensor \"head.weight\" needs up to byte 4"),
                message);

        Path legacy = resource("views-legacy.pt");
        whole = Files.readAllBytes(legacy);
        Files.write(legacy, Arrays.copyOf(whole, whole.length - 1));
        message = assertThrows(BadFileException.class, () -> Weights.open(legacy)).getMessage();
        assertTrue(message.contains("the file ends at byte " + (whole.length - 1)
                + ", tensor \"expanded\" needs up to byte "
                + whole.length + ": it was cut off"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dtypes.pt", "views-legacy.pt", "views-protocol4.pt", "training.pt", "training-legacy.pt",
        "negated.pt"})
    void damagedFilesRaiseOnlyOurErrors(String name) throws IOException {
        Path path = resource(name);
        byte[] whole = Files.readAllBytes(path);
        Random random = new Random(name.hashCode());
        int refused = 0;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            for (int n = 0; n < 2000; n++) {
                byte[] bytes = whole.clone();
                for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                }
                channel.write(ByteBuffer.wrap(bytes), 0);
                try (TorchCheckpoint file = TorchCheckpoint.open(path)) {
                    file.tensors().keySet().forEach(file::tensor);
                } catch (KerfException e) {
                    refused++;
                }
            }
        }
        assertTrue(refused > 100 && refused < 2000, "some pass, some don't; refused " + refused);
    }

    @Test
    void importKeepsValuesAndConvertsFloats() throws IOException {
        Path to = dir.resolve("out.safetensors");
        for (String name : List.of("dtypes.pt", "views.pt", "training-legacy.pt")) {
            Path from = resource(name);
            Safetensors.importFrom(from, to, Optional.empty());
            try (TorchCheckpoint checkpoint = TorchCheckpoint.open(from); Safetensors imported = Safetensors.open(to)) {
                assertEquals(List.copyOf(checkpoint.tensors().values()), List.copyOf(imported.tensors().values()));
                for (String tensor : imported.names()) {
                    assertArrayEquals(checkpoint.tensor(tensor).data().toArray(ValueLayout.JAVA_BYTE),
                            imported.tensor(tensor).data().toArray(ValueLayout.JAVA_BYTE), tensor);
                }
                assertEquals("pt", imported.metadata().get("format"));
            }
        }
        for (DType dtype : List.of(DType.F16, DType.BF16, DType.F32, DType.F64)) {
            Safetensors.importFrom(resource("training.pt"), to, Optional.of(dtype));
            try (Weights imported = Weights.open(to)) {
                assertEquals(dtype, imported.tensor("0.weight").dtype());
                assertArrayEquals(new double[] {-2, -1}, values(imported.tensor("0.bias")));
                assertEquals(DType.I64, imported.tensor("1.num_batches_tracked").dtype());
                assertEquals("3", imported.metadata().get("epoch"));
            }
        }
    }

    @Test
    void importRefusesWhatTheDtypeCannotHold() throws IOException {
        byte[] large = new byte[8];
        HostTensor values = new HostTensor(DType.F32, Shape.of(2), MemorySegment.ofArray(large));
        values.setDouble(1, 70_000);
        Path from = PickleBytes.zip(dir.resolve("a.pt"), ZipEntry.STORED, PickleBytes.oneTensor("w", 2),
                Map.of("data/0", large));
        Path to = dir.resolve("a.safetensors");
        String message = assertThrows(BadInputException.class,
                () -> Safetensors.importFrom(from, to, Optional.of(DType.F16))).getMessage();
        assertTrue(message.contains("tensor \"w\" holds 70000.0, too large for F16"), message);
        assertThrows(BadInputException.class, () -> Safetensors.importFrom(from, to, Optional.of(DType.I8)));
        try (Stream<Path> files = Files.list(dir)) {
            assertEquals(List.of(from), files.toList(), "nothing half-written");
        }
        Safetensors.importFrom(from, to, Optional.of(DType.BF16));
        try (Weights imported = Weights.open(to)) {
            assertEquals(70_144, imported.tensor("w").getDouble(1));
        }
    }

    @Test
    void useAfterCloseIsAnError() throws IOException {
        TorchCheckpoint file = TorchCheckpoint.open(resource("views.pt"));
        HostTensor view = file.tensor("row");
        assertThrows(BadInputException.class, () -> file.tensor("absent"));
        file.close();
        file.close();
        assertThrows(ClosedException.class, () -> file.tensor("row"));
        assertThrows(ClosedException.class, () -> view.getDouble(0));
    }
}
