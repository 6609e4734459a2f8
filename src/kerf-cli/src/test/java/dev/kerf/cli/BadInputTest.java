package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the input: one clear line, exit code 1 or 2, and nothing left behind. */
class BadInputTest {
    @TempDir
    private Path dir;
    private Path out;
    private Path good;
    private Path net;

    @BeforeEach
    void files() {
        out = dir.resolve("made/results");
        good = dir.resolve("good.png");
        Image.blank(20, 12, PixelFormat.RGB8).writePng(good);
        net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
    }

    /** Segments with good weights on the CPU; what it leaves must be what was there. */
    private void segmentFails(Path image, String... texts) {
        fails(new Object[] {"segment", "--backend", "cpu", "--weights", net, "--out", out, image}, texts);
    }

    private void weightsFail(Path weights, String... texts) {
        fails(new Object[] {"segment", "--backend", "cpu", "--weights", weights, "--out", out, good}, texts);
        fails(new Object[] {"weights", "inspect", weights}, texts);
        fails(new Object[] {"export", "--onnx", dir.resolve("x.onnx"), "--size", "16x16", "--weights", weights}, texts);
    }

    private void fails(Object[] args, String... texts) {
        List<String> before = Run.files(dir);
        Run.of(args).failedWith(ExitCode.FAILED, texts);
        assertEquals(before, Run.files(dir));
    }

    private Path file(String name, byte[] content) throws IOException {
        return Files.write(dir.resolve(name), content);
    }

    private Path cut(Path file, String name, double part) throws IOException {
        byte[] all = Files.readAllBytes(file);
        return file(name, Arrays.copyOf(all, (int) (all.length * part)));
    }

    @Test
    void missingAndEmptyAndForeignFiles() throws IOException {
        segmentFails(dir.resolve("nowhere.png"), "nowhere.png");
        segmentFails(file("empty.png", new byte[0]), "empty.png", "empty");
        segmentFails(file("text.png", "not a picture\n".getBytes(StandardCharsets.UTF_8)), "text.png");
        segmentFails(file("empty.npy", new byte[0]), "empty.npy");
        segmentFails(Files.createDirectory(dir.resolve("folder")), "folder",
                "no images in it (looked for bmp, gif, jpeg, jpg, npy, npz, png, tif, tiff)", "--recursive");
    }

    @Test
    void truncatedPicture() throws IOException {
        Image.blank(200, 120, PixelFormat.RGB8).writePng(dir.resolve("whole.png"));
        segmentFails(cut(dir.resolve("whole.png"), "cut.png", 0.7), "cut.png");
    }

    @Test
    void hugePictureWithoutData() throws IOException {
        segmentFails(file("huge.png", png(60_000, 60_000, new byte[0])), "huge.png", "no pixel data");
    }

    @Test
    void pictureThatInflatesToMoreThanItsSize() throws IOException {
        segmentFails(file("bomb.png", png(50_000, 40_000, deflated(1 << 24))), "bomb.png");
    }

    @Test
    void wrongChannels() {
        Path five = Run.unet(dir.resolve("five.safetensors"), 5, 2, false);
        fails(new Object[] {"segment", "--backend", "cpu", "--weights", five, "--out", out, good},
                "good.png", "5 channels", "3");
        Path planes = dir.resolve("planes.npy");
        HostTensor.of(Shape.of(2, 8, 8), new float[128]).writeNpy(planes);
        segmentFails(planes, "planes.npy", "3 channels", "2");
        Path flat = dir.resolve("flat.npy");
        HostTensor.of(Shape.of(8), new float[8]).writeNpy(flat);
        segmentFails(flat, "flat.npy", "[8]");
    }

    @Test
    void malformedSafetensors() throws IOException {
        weightsFail(cut(net, "cut.safetensors", 0.5), "cut.safetensors");
        weightsFail(cut(net, "stub.safetensors", 0.0005), "stub.safetensors");
        weightsFail(file("overlap.safetensors", safetensors(-1, """
                {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""",
                12)), "overlap.safetensors", "\"b\"");
        weightsFail(file("oversized.safetensors", safetensors(Long.MAX_VALUE / 2, "{}", 0)), "oversized.safetensors");
        weightsFail(file("zero.safetensors", new byte[0]), "zero.safetensors");
    }

    @Test
    void tensorsMissingOrMisshapen() {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        try (Safetensors file = Safetensors.open(net)) {
            file.names().forEach(n -> tensors.put(n, file.tensor(n)));
            Map<String, HostTensor> missing = new LinkedHashMap<>(tensors);
            missing.remove("inc.double_conv.4.running_var");
            Safetensors.write(dir.resolve("missing.safetensors"), missing, Map.of());
            tensors.put("up1.conv.double_conv.3.weight", HostTensor.of(Shape.of(4, 3, 3, 3), new float[108]));
            Safetensors.write(dir.resolve("misshapen.safetensors"), tensors, Map.of());
            tensors.put("extra.weight", HostTensor.of(Shape.of(1), new float[1]));
        }
        Object[] call = {"segment", "--backend", "cpu", "--out", out, good, "--weights", dir.resolve("missing.safetensors")};
        fails(call, "missing.safetensors", "inc.double_conv.4.running_var");
        call[7] = dir.resolve("misshapen.safetensors");
        fails(call, "misshapen.safetensors", "up1.conv.double_conv.3.weight", "[4, 3, 3, 3]", "[4, 4, 3, 3]");
    }

    @Test
    void checkpointsThatAreDamagedOrDoMore() throws IOException {
        Path whole = Path.of("src/kerf/src/test/resources/dev/kerf/weights/training.pt");
        Path target = dir.resolve("target.safetensors");
        Path half = cut(whole, "half.pt", 0.5);
        fails(new Object[] {"weights", "import", half, "-o", target}, "half.pt");
        weightsFail(half, "half.pt");
        byte[] runs = "\u0080\u0002cos\nsystem\nX\u0004\0\0\0true\u0085R.".getBytes(StandardCharsets.ISO_8859_1);
        Path evil = file("evil.pt", zip(runs, ZipEntry.STORED));
        fails(new Object[] {"weights", "import", evil, "-o", target}, "evil.pt", "os", "system");
        weightsFail(evil, "evil.pt", "system");
        Path bomb = file("bomb.pt", zip(new byte[1 << 26], ZipEntry.DEFLATED));
        assertTrue(Files.size(bomb) < 1 << 17);
        fails(new Object[] {"weights", "import", bomb, "-o", target}, "bomb.pt");
        fails(new Object[] {"weights", "import", dir.resolve("none.pt"), "-o", target}, "none.pt");
        fails(new Object[] {"weights", "import", whole, "-o", dir.resolve("no/such/target")}, "no/such");
    }

    @Test
    void outputThatCantBeWritten() {
        Object[] call = {"segment", "--backend", "cpu", "--weights", net, good, "--out", good.resolve("sub")};
        fails(call, "good.png");
        call[7] = "/proc/kerf";
        fails(call, "/proc/kerf");
        call[7] = good;
        fails(call, "good.png", "file");
    }

    @Test
    void resultInPlaceOfAnInput() {
        Path result = dir.resolve("good-labels.png");
        Image.blank(20, 12, PixelFormat.RGB8).writePng(result);
        fails(new Object[] {"segment", "--backend", "cpu", "--weights", net, good, result, "--out", dir}, "overwrite");
    }

    @Test
    void devicesThatAreNotThere() {
        Run.of("segment", "--weights", net, "--out", out, good, "--backend", "abacus").failedWith(ExitCode.USAGE, "abacus",
                "cpu");
        fails(new Object[] {"segment", "--weights", net, "--out", out, good, "--backend", "cpu", "--device", "7"}, "cpu:7");
        Run.of("segment", "--weights", net, "--out", out, good, "--device", "0").failedWith(ExitCode.USAGE, "--backend");
    }

    @Test
    void optionsThatDontFitTheNetwork() {
        Object[] call = {"segment", "--backend", "cpu", "--weights", net, "--out", out, good, "--classes", "a,b,c"};
        fails(call, "3 names", "2 classes");
        call[8] = "--background";
        fails(call, "a,b,c");
        call[8] = "--precision";
        call[9] = "f16";
        fails(call, "cpu:0 has no precision float16, only [float32]");
    }

    @Test
    void weightsOfAnotherCommand() {
        Path sam = tensor("sam.safetensors", "image_encoder.trunk.patch_embed.proj.weight");
        Path rcnn = tensor("rcnn.safetensors", "backbone.body.conv1.weight");
        Path matte = tensor("matte.safetensors", "stage1.rebnconvin.conv_s1.weight", "outconv.weight");
        Map<Path, String[]> says = Map.of(sam, new String[] {"sam2", "'kerf sam'"}, rcnn,
                new String[] {"maskrcnn", "'kerf detect'"}, matte, new String[] {"u2net", "'kerf cutout'", "'kerf blur'"});
        says.forEach((other, said) -> fails(
                new Object[] {"segment", "--backend", "cpu", "--weights", other, "--out", out, good}, said));
        for (String command : List.of("detect", "panoptic", "sam", "track", "cutout", "blur")) {
            String[] prompt = switch (command) {
                case "sam" -> new String[] {"--point", "1,1"};
                case "track" -> new String[] {"--object", "1", "--point", "0:1,1"};
                default -> new String[0];
            };
            for (Path other : List.of(net, command.equals("sam") || command.equals("track") ? rcnn : sam)) {
                List<Object> args = new ArrayList<>(List.of(command, "--weights", other, "--out", out));
                args.addAll(List.of(prompt));
                args.add(command.equals("track") ? frames() : good);
                fails(args.toArray(), other.toString(),
                        other == net ? "'kerf segment'" : other == sam ? "'kerf sam'" : "'kerf detect'");
            }
        }
    }

    private Path tensor(String file, String... names) {
        Path path = dir.resolve(file);
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (String name : names) {
            tensors.put(name, HostTensor.of(Shape.of(1), new float[1]));
        }
        Safetensors.write(path, tensors, Map.of());
        return path;
    }

    private Path frames() {
        Path folder = dir.resolve("frames");
        folder.toFile().mkdirs();
        Image.blank(20, 12, PixelFormat.RGB8).writePng(folder.resolve("0.png"));
        return folder;
    }

    @Test
    void usage() {
        List<String> before = Run.files(dir);
        for (String[] args : new String[][] {
            {"segmnt"}, {"segment"}, {"segment", "a.png", "--tile", "-3"}, {"segment", "a.png", "--tile", "many"},
            {"segment", "a.png", "--format", "gif"}, {"segment", "a.png", "--scale", "0"}, {"segment", "--nonsense", "a.png"},
            {"segment", "a.png", "--precision", "f8"}, {"weights", "import", "a.pt"}, {"weights", "inspect"},
            {"weights", "import", "a.pt", "-o", "b", "--dtype", "f7"}, {"trace", "--out", "t"}, {"diff", "a"},
            {"diff", "--golden", "g", "a", "b"}, {"diff", "a", "b", "--tolerance", "-1"},
            {"export", "--onnx", "x", "--size", "12"}, {"export", "--onnx", "x", "--size", "0x4"}}) {
            Run.of((Object[]) args).failedWith(ExitCode.USAGE);
        }
        assertEquals(before, Run.files(dir));
        Run bare = Run.of();
        assertEquals(ExitCode.USAGE, bare.code());
        assertTrue(bare.err().contains("Usage: kerf"), bare.err());
    }

    @Test
    void goldenOfAnotherModel() throws IOException {
        Files.writeString(dir.resolve("case.json"), "{\"model\": \"yolo\", \"stages\": {}}");
        fails(new Object[] {"trace", "--golden", dir, "--out", dir.resolve("t.safetensors")}, "yolo", "unet");
        fails(new Object[] {"diff", "--golden", dir.resolve("nowhere"), net}, "case.json");
    }

    private static byte[] safetensors(long length, String header, int data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + data).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length < 0 ? json.length : length).put(json).array();
    }

    private static byte[] zip(byte[] pickle, int method) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            ZipEntry entry = new ZipEntry("archive/data.pkl");
            CRC32 crc = new CRC32();
            crc.update(pickle);
            entry.setMethod(method);
            entry.setSize(pickle.length);
            entry.setCrc(crc.getValue());
            zip.putNextEntry(entry);
            zip.write(pickle);
        }
        return bytes.toByteArray();
    }

    private static byte[] deflated(int zeros) {
        Deflater deflater = new Deflater(9);
        deflater.setInput(new byte[zeros]);
        deflater.finish();
        byte[] out = new byte[zeros / 500 + 1000];
        int n = deflater.deflate(out);
        deflater.end();
        return Arrays.copyOf(out, n);
    }

    /** A grey 8-bit PNG with that header and data. */
    private static byte[] png(int width, int height, byte[] data) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream png = new DataOutputStream(bytes);
        png.writeLong(0x89504E470D0A1A0AL);
        chunk(png, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 8).array());
        if (data.length > 0) {
            chunk(png, "IDAT", data);
        }
        chunk(png, "IEND", new byte[0]);
        return bytes.toByteArray();
    }

    private static void chunk(DataOutputStream png, String type, byte[] data) throws IOException {
        CRC32 crc = new CRC32();
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        crc.update(name);
        crc.update(data);
        png.writeInt(data.length);
        png.write(name);
        png.write(data);
        png.writeInt((int) crc.getValue());
    }
}
