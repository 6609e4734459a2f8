package dev.kerf.geo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Networks over rasters tile by tile. */
class RasterRunTest {
    /** Planes that are held. */
    private record Held(HostTensor all) implements PlaneSource {
        static Held noise(int channels, int height, int width) {
            HostTensor t = HostTensor.zeros(DType.F32, Shape.of(channels, height, width));
            Random random = new Random(3);
            for (int i = 0; i < t.elements(); i++) {
                t.setDouble(i, random.nextInt(256) / 255.0);
            }
            return new Held(t);
        }

        @Override
        public int channels() {
            return all.shape().size(0);
        }

        @Override
        public int height() {
            return all.shape().size(1);
        }

        @Override
        public int width() {
            return all.shape().size(2);
        }

        @Override
        public Planes read(int x, int y, int w, int h) {
            HostTensor out = HostTensor.zeros(DType.F32, Shape.of(channels(), h, w));
            for (int row = 0; row < channels() * h; row++) {
                long from = ((long) (row / h) * height() + y + row % h) * width() + x;
                MemorySegment.copy(all.data(), 4 * from, out.data(), 4L * row * w, 4L * w);
            }
            return new Planes(out, new byte[0]);
        }
    }

    /** Labels are those of the untiled run and logits within 1e-6 of theirs, where tiles meet as everywhere. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void tilesDontShow(String backend) {
        for (Weights made : List.of(SmallUNets.plain(1, 3, List.of(4, 8, 8)).build(),
                SmallUNets.milesial(3, 4, List.of(4, 8), false).build(),
                SmallUNets.plain(2, 3, List.of(4, 4, 8, 8))
                        .with(Map.of("kerf.input.normalise", "fixed", "kerf.input.mean", "[0.4,0.5]", "kerf.input.std",
                                "[0.2,0.3]"))
                        .build())) {
            try (Device device = Backends.open(backend); Weights weights = made; UNet net = UNet.load(device, weights)) {
                for (int[] size : new int[][] {{160, 96}, {161, 98}, {99, 203}, {17, 9}}) {
                    Held planes = Held.noise(net.inputChannels(), size[1], size[0]);
                    Segmentation whole = net.segment(planes.all, SegmentOptions.of().tile(SegmentOptions.WHOLE).withLogits());
                    HostTensor logits = HostTensor.zeros(DType.F32, whole.logits().shape());
                    int[] labels = new int[size[0] * size[1]];
                    RasterRun run = RasterRun.of(planes, TileNetwork.of(net), 64);
                    Set<Integer> seen = new HashSet<>();
                    run.each(t -> {
                        seen.add(t.y() * size[0] + t.x());
                        put(t.labels().tensor(), t, size[0], size[1], (at, v) -> labels[at] = (int) v);
                        put(t.logits(), t, size[0], size[1], logits::setDouble);
                    }, true);
                    assertEquals(run.tiles(), seen.size());
                    assertTrue(size[0] < 64 || run.tiles() > 4, run.tiles() + " tiles");
                    assertArrayEquals(whole.labels().toArray(), labels);
                    double worst = TensorDifference.of(logits, whole.logits()).relativeL2();
                    assertTrue(worst <= 1e-6, size[0] + "x" + size[1] + ": " + worst);
                }
            }
        }
    }

    private interface Taker {
        void take(int at, double value);
    }

    private static void put(HostTensor piece, RasterRun.Tile t, int width, int height, Taker to) {
        int w = t.labels().width();
        int h = t.labels().height();
        for (int i = 0; i < piece.elements(); i++) {
            to.take((i / (w * h) * height + t.y() + i / w % h) * width + t.x() + i % w, piece.getDouble(i));
        }
    }

    /** A convolution and what is largest, of tiles of one size. */
    private static final class OneLayer implements TileNetwork, AutoCloseable {
        private final DeviceWeights none;
        private final Executable executable;

        OneLayer(Device device, int side) {
            GraphBuilder g = new GraphBuilder();
            var x = g.input("x", TensorType.f32(1, 1, side, side));
            HostTensor kernel = HostTensor.of(Shape.of(2, 1, 3, 3),
                    new float[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, -8.5f, 1, 1, 1, 1});
            var y = g.conv2d(x, g.constant(kernel), null, Window2d.of().pad(1));
            g.output("labels", g.apply(new ReduceOp.ArgMax(1, DType.U8), y));
            none = device.load(SmallUNets.plain(1, 2, List.of(2, 2)).build());
            executable = device.compile(g.build(), none, CompileOptions.of());
        }

        @Override
        public int channels() {
            return 1;
        }

        @Override
        public List<String> classNames() {
            return List.of("flat", "edge");
        }

        @Override
        public int multiple() {
            return 1;
        }

        @Override
        public int margin() {
            return 1;
        }

        @Override
        public int side() {
            return executable.graph().inputs().get("x").type().shape().size(2);
        }

        @Override
        public Segmentation run(HostTensor planes, boolean logits) {
            executable.input("x").upload(planes.data());
            executable.run();
            HostTensor labels = executable.output("labels").toHost();
            return new Segmentation(new LabelMap(labels.reshape(Shape.of(side(), side()))), null, classNames(), 1);
        }

        @Override
        public void close() {
            executable.close();
            none.close();
        }
    }

    /** A file of so many pixels without a single tile: as GDAL makes it with SPARSE_OK. */
    private static Path sparse(Path file, int width, int height, boolean big) throws IOException {
        int tile = 256;
        TiffTags tags = new TiffTags(big, Math.ceilDiv(width, tile) * Math.ceilDiv(height, tile));
        tags.number(256, width);
        tags.number(257, height);
        tags.shorts(258, 8);
        tags.shorts(259, 8);
        tags.shorts(262, 1);
        tags.shorts(277, 1);
        tags.number(322, tile);
        tags.number(323, tile);
        Files.write(file, tags.head());
        try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
            f.setLength(tags.data());
        }
        return file;
    }

    /** Bytes of the Java heap that no collection frees: the least of some, since other threads allocate meanwhile. */
    private static long held() {
        long least = Long.MAX_VALUE;
        Runtime jvm = Runtime.getRuntime();
        for (int i = 0; i < 3; i++) {
            System.gc();
            least = Math.min(least, jvm.totalMemory() - jvm.freeMemory());
        }
        return least;
    }

    /** Bytes that are held at most while a raster of so many tiles goes through, of the device and of strips, and of the Java heap. */
    private static long[] peak(Device device, OneLayer net, Path in, Path out, int tiles) {
        long[] most = new long[2];
        try (Raster raster = Raster.open(in)) {
            Raster.Level full = raster.level(0);
            PlaneSource planes = RasterPlanes.of(raster, full, new int[0], 1, new Range.Auto(), OptionalDouble.empty());
            RasterRun run = RasterRun.of(planes, net, RasterRun.TILE);
            assertEquals(tiles, run.tiles());
            var form = new LabelTiff.Form(full.width(), full.height(), run.storedTile(), full.reference(), net.classNames(),
                    new int[0],
                    false);
            int[] count = {0};
            try (LabelTiff labels = new LabelTiff(out, form)) {
                run.each(tile -> {
                    labels.write(tile);
                    most[0] = Math.max(most[0], device.memoryInUse() + raster.held());
                    if (count[0]++ % (tiles / 4) == tiles / 8) {
                        most[1] = Math.max(most[1], held());
                    }
                }, false);
                assertArrayEquals(new long[] {(long) full.width() * full.height(), 0, 0}, labels.counts());
                labels.commit();
            }
        }
        return most;
    }

    @Test
    void memoryDoesntGrowWithTheNumberOfTiles(@TempDir Path directory) throws IOException {
        try (Device device = Backends.open("cpu"); OneLayer net = new OneLayer(device, 66)) {
            Path out = directory.resolve("labels.tif");
            Path few = sparse(directory.resolve("few.tif"), 40 * 64, 25 * 64, false);
            Path many = sparse(directory.resolve("many.tif"), 100 * 64, 100 * 64, true);
            peak(device, net, few, out, 1000);
            long[] thousand = peak(device, net, few, out, 1000);
            long[] tenThousand = peak(device, net, many, out, 10_000);
            assertEquals(thousand[0], tenThousand[0]);
            assertTrue(thousand[0] > 0);
            // The tests' own threads hold more and less by a megabyte or two; the labels of the larger one alone are 41 MB.
            assertTrue(Math.abs(tenThousand[1] - thousand[1]) < 4 << 20, thousand[1] + " and " + tenThousand[1]);
        }
    }

    @Test
    void labelsAreReadBackAsTheyWere(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("labels.tif");
        GeoReference place;
        try (Raster raster = Raster.open(RasterTest.FILES.resolve("gaps.tif"))) {
            place = raster.level(0).reference();
        }
        for (int classes : new int[] {3, 300}) {
            List<String> names = IntStream.range(0, classes).mapToObj(i -> "c" + i).toList();
            var form = new LabelTiff.Form(70, 40, 32, place, names, new int[] {0xFF0000, 0x00FF00, 0x0000FF}, true);
            try (LabelTiff labels = new LabelTiff(file, form)) {
                // In any order; what isn't written has no data.
                for (int[] at : new int[][] {{64, 0}, {0, 32}, {0, 0}}) {
                    int w = Math.min(32, 70 - at[0]);
                    int h = Math.min(32, 40 - at[1]);
                    int[] all = new int[w * h];
                    byte[] valid = new byte[w * h];
                    for (int i = 0; i < all.length; i++) {
                        all[i] = (at[0] + i % w + at[1] + i / w) % classes;
                        valid[i] = (byte) (i % 5 == 0 ? 0 : 1);
                    }
                    labels.write(new RasterRun.Tile(at[0], at[1], LabelMap.of(w, h, all), null, valid));
                }
                assertThrows(BadInputException.class,
                        () -> labels.write(new RasterRun.Tile(16, 0, LabelMap.of(32, 32, new int[1024]), null, new byte[0])));
                labels.commit();
            }
            try (Raster raster = Raster.open(file)) {
                Raster.Level level = raster.level(0);
                assertEquals(place.affine(), level.reference().affine());
                assertEquals(place.epsg(), level.reference().epsg());
                assertEquals(place.ascii(), level.reference().ascii());
                assertEquals(classes == 3 ? 255 : 65535, raster.noData().orElseThrow());
                assertEquals(classes == 3 ? 3 : 1, level.page().number(262, 0));
                HostTensor all = level.page().window(0, 0, 70, 40);
                for (int i = 0; i < 70 * 40; i++) {
                    int x = i % 70;
                    int y = i / 70;
                    boolean written = x >= 64 && y < 32 || x < 32;
                    int w = x >= 64 ? 6 : 32;
                    boolean data = written && (y % 32 * w + (x >= 64 ? x - 64 : x)) % 5 != 0;
                    assertEquals(data ? (x + y) % classes : raster.noData().getAsDouble(), all.getDouble(i),
                            "pixel " + x + ", " + y);
                }
            }
        }
    }

    /** 10 GB of labels take a BigTIFF, of which what has no data isn't stored. */
    @Test
    void largeLabelsAreABigTiff(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("labels.tif");
        var form = new LabelTiff.Form(100_000, 100_000, 512, new GeoReference(Map.of(), ""), List.of("a", "b"), new int[0],
                true);
        try (LabelTiff labels = new LabelTiff(file, form)) {
            byte[] ones = new byte[512 * 512];
            Arrays.fill(ones, (byte) 1);
            labels.write(new RasterRun.Tile(51_200, 99_840, LabelMap.of(512, 160, Arrays.copyOf(ones, 512 * 160)), null,
                    new byte[0]));
            labels.commit();
        }
        assertEquals(43, Files.readAllBytes(file)[2]);
        assertTrue(Files.size(file) < 1 << 20, Files.size(file) + " bytes");
        try (Raster raster = Raster.open(file)) {
            HostTensor corner = raster.level(0).page().window(51_199, 99_839, 2, 2);
            assertEquals("255 255 255 1",
                    corner.getLong(0) + " " + corner.getLong(1) + " " + corner.getLong(2) + " " + corner.getLong(3));
        }
    }

    @Test
    void bandsAndRanges() {
        try (Raster raster = Raster.open(RasterTest.FILES.resolve("u1-none-contig.tif"))) {
            Raster.Level level = raster.level(0);
            PlaneSource all = RasterPlanes.of(raster, level, new int[0], 3, new Range.Auto(), OptionalDouble.empty());
            PlaneSource turned = RasterPlanes.of(raster, level, new int[] {2, 1, 0}, 3, new Range.Auto(),
                    OptionalDouble.empty());
            PlaneSource one = RasterPlanes.of(raster, level, new int[] {1}, 3, new Range.None(), OptionalDouble.empty());
            PlaneSource cut = RasterPlanes.of(raster, level, new int[] {0}, 1, new Range.Limits(100, 200),
                    OptionalDouble.empty());
            HostTensor stored = level.page().window(5, 6, 7, 8);
            for (int i = 0; i < 56; i++) {
                assertEquals(stored.getLong(3L * i) / 255f, (float) all.read(5, 6, 7, 8).values().getDouble(i));
                assertEquals(stored.getLong(3L * i + 2) / 255f, (float) turned.read(5, 6, 7, 8).values().getDouble(i));
                assertEquals(stored.getLong(3L * i + 1), one.read(5, 6, 7, 8).values().getDouble(2 * 56 + i));
                double share = Math.clamp((stored.getLong(3L * i) - 100) / 100.0, 0.0, 1.0);
                assertEquals((float) share, (float) cut.read(5, 6, 7, 8).values().getDouble(i));
            }
            assertThrows(BadInputException.class,
                    () -> RasterPlanes.of(raster, level, new int[] {0, 3}, 2, new Range.Auto(), OptionalDouble.empty()));
            assertThrows(BadInputException.class,
                    () -> RasterPlanes.of(raster, level, new int[0], 4, new Range.Auto(), OptionalDouble.empty()));
        }
    }

    @Test
    void whatHasNoDataIsLeftOut() {
        try (Raster raster = Raster.open(RasterTest.FILES.resolve("gaps.tif"))) {
            RasterPlanes planes = RasterPlanes.of(raster, raster.level(0), new int[0], 1, Range.parse("0%,100%"),
                    raster.noData());
            Planes found = planes.read(0, 0, 40, 24);
            HostTensor stored = raster.level(0).page().window(0, 0, 40, 24);
            double low = Double.MAX_VALUE;
            double high = -Double.MAX_VALUE;
            for (int i = 0; i < 960; i++) {
                boolean gap = i / 40 >= 6 && i / 40 < 20 && i % 40 >= 12 && i % 40 < 30;
                assertEquals(gap ? 0 : 1, found.valid()[i]);
                low = gap ? low : Math.min(low, stored.getDouble(i));
                high = gap ? high : Math.max(high, stored.getDouble(i));
            }
            for (int i = 0; i < 960; i++) {
                float share = (float) ((stored.getDouble(i) - low) / (high - low));
                assertEquals(found.valid()[i] == 0 ? 0 : share, (float) found.values().getDouble(i));
            }
            assertTrue(planes.read(14, 8, 5, 5).isEmpty());
        }
    }

    @Test
    void masksAndOverviewsBesideTheFile() {
        try (Raster raster = Raster.open(RasterTest.FILES.resolve("masked.tif"))) {
            assertEquals(List.of(40, 20), raster.levels().stream().map(Raster.Level::width).toList());
            for (Raster.Level level : raster.levels()) {
                RasterPlanes planes = RasterPlanes.of(raster, level, new int[0], 3, new Range.Auto(), raster.noData());
                assertTrue(planes.mayHaveGaps());
                int w = level.width();
                int step = 40 / w;
                byte[] valid = planes.read(0, 0, w, level.height()).valid();
                for (int i = 0; i < valid.length; i++) {
                    assertEquals((i % w + i / w) * step > 12 ? 1 : 0, valid[i]);
                }
            }
        }
    }

    @Test
    void rangesAreParsed() {
        assertEquals(new Range.Limits(-1, 2.5), Range.parse("-1,2.5"));
        assertEquals(new Range.Percentiles(2, 98), Range.parse("2%,98%"));
        assertEquals(new Range.None(), Range.parse("none"));
        assertEquals(new Range.Auto(), Range.parse("auto"));
        for (String bad : List.of("", "1", "2,1", "1%,2", "a,b", "5%,101%", "1,2,3", "NaN,1")) {
            assertThrows(BadInputException.class, () -> Range.parse(bad), bad);
        }
    }
}
