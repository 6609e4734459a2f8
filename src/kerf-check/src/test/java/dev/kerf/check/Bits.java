package dev.kerf.check;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.check.op.OpCase;
import dev.kerf.check.op.OpCases;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Hashes of the bits that ops and networks give, each as often as it is run. As a program it prints a line for each, which
 * {@link DeterminismTest} compares with what another JVM printed:
 *
 * <pre>{@code
 * java -Xint … dev.kerf.check.Bits OPS 2
 * }</pre>
 */
final class Bits {
    private static final Path GOLDENS = Path.of("src/kerf-check/src/test/resources/goldens");

    /** What is run. */
    enum Subject {
        /** Every op case. */
        OPS,
        /** The three networks, narrow or on small images. */
        NARROW,
        /** SAM 2 and Mask R-CNN as the quick golden cases have them. */
        QUICK
    }

    private Bits() {}

    /** Prints a line for each thing that a subject has: its name and its hashes. */
    public static void main(String[] args) throws Exception {
        try (Device device = Backends.open("cpu")) {
            of(device, Subject.valueOf(args[0]), Integer.parseInt(args[1]), 1)
                    .forEach((name, hashes) -> System.out.println(name + " = " + hashes));
        }
    }

    /** The different hashes of each thing that a subject has after so many runs in each of some threads. */
    static Map<String, Set<Long>> of(Device device, Subject subject, int runs, int threads) throws Exception {
        Map<String, Set<Long>> all = new LinkedHashMap<>();
        switch (subject) {
            case OPS -> {
                for (OpCase c : OpCases.all()) {
                    all.put(c.name(), c.bits(device, CompileOptions.of(), runs));
                }
            }
            case NARROW -> {
                all.put("deep convolution", convolution(device, runs));
                all.put("U-Net", unet(device, runs, threads));
                try (Weights w = SmallRcnns.weights(SmallRcnns.second(6))) {
                    DetectOptions options = DetectOptions.of().size(64, 120).proposals(60).most(20);
                    all.put("Mask R-CNN", rcnn(device, w, drawn(75, 50), options, runs, threads));
                }
                all.put("SAM 2", sam(device, drawn(64, 64), 64, runs, threads));
            }
            case QUICK -> {
                GoldenCase c = GoldenCase.open(GOLDENS.resolve("maskrcnn-quick"));
                try (Weights w = c.weights()) {
                    DetectOptions options = DetectOptions.of().size(224, 352);
                    all.put("Mask R-CNN", rcnn(device, w, Image.read(c.file("image")), options, runs, threads));
                }
                all.put("SAM 2", sam(device, Image.read(GOLDENS.resolve("sam2-quick/frame0.png")), 256, runs, threads));
            }
        }
        return all;
    }

    /** Sums of 512 terms, which are cut into pieces: where, no number of threads may say. */
    private static Set<Long> convolution(Device device, int runs) throws Exception {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.conv2d(g.input("x", TensorType.f32(1, 512, 64, 48)), g.constant(noise(16, 512, 1, 1)), null,
                Window2d.of()));
        try (Executable e = device.compile(g.build(), null, CompileOptions.of())) {
            e.input("x").upload(noise(1, 512, 64, 48).data());
            return repeat(runs, 1, () -> {
                e.run();
                return hash(1, e.output("y").toHost());
            });
        }
    }

    private static HostTensor noise(long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        Random random = new Random(dims[0]);
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextGaussian());
        }
        return t;
    }

    private static Image drawn(int width, int height) {
        Image image = Image.blank(width, height, PixelFormat.RGB8);
        for (int i = 0; i < 3 * width * height; i++) {
            int x = i / 3 % width;
            int y = i / 3 / width;
            boolean disc = (x - 20) * (x - 20) + (y - 25) * (y - 25) < 200;
            image.setSample(x, y, i % 3, (x * (3 + i % 3) + y * (7 - i % 3) + (disc ? 90 : 0)) % 256);
        }
        return image;
    }

    private static Set<Long> unet(Device device, int runs, int threads) throws Exception {
        try (Weights w = SmallUNets.milesial(3, 4, List.of(16, 32, 48), false).build(); UNet net = UNet.load(device, w)) {
            Image image = drawn(75, 50);
            return repeat(runs, threads, () -> hash(1, net.segment(image, SegmentOptions.of().withLogits()).logits()));
        }
    }

    private static Set<Long> rcnn(Device device, Weights weights, Image image, DetectOptions options, int runs, int threads)
            throws Exception {
        try (MaskRcnn net = MaskRcnn.load(device, weights)) {
            return repeat(runs, threads, () -> {
                long hash = 1;
                for (Instance i : net.detect(image, options).items()) {
                    hash = 31 * hash + i.category();
                    hash = 31 * hash + Double.doubleToRawLongBits(i.score());
                    hash = 31 * hash + i.box().hashCode();
                    hash = 31 * hash + i.mask().hashCode();
                }
                return hash;
            });
        }
    }

    private static Set<Long> sam(Device device, Image image, int side, int runs, int threads) throws Exception {
        try (Weights weights = GoldenCase.open(GOLDENS.resolve("sam2-quick")).weights();
                Sam2 sam = Sam2.load(device, weights, Sam2.Settings.of().imageSize(side), ModelOptions.of())) {
            double s = side / 256.0;
            List<Prompt> prompts = List.of(Prompt.box(76.8 * s, 64 * s, 179.2 * s, 199.68 * s),
                    Prompt.point(125.44 * s, 94.72 * s).foreground(153.6 * s, 102.4 * s).background(25.6 * s, 225.28 * s));
            return repeat(runs, threads, () -> {
                long hash = 1;
                try (ImageView view = sam.look(image)) {
                    for (Prediction p : view.predictAll(prompts)) {
                        hash = hash(hash(hash, p.lowRes()), p.logits());
                    }
                    for (Prediction p : view.candidates(prompts.getFirst())) {
                        hash = hash(hash, p.lowRes());
                    }
                }
                return hash;
            });
        }
    }

    private static long hash(long start, HostTensor t) {
        long hash = start;
        for (long i = 0; i < t.elements(); i++) {
            hash = 31 * hash + Double.doubleToRawLongBits(t.getDouble(i));
        }
        return hash;
    }

    private static Set<Long> repeat(int runs, int threads, Callable<Long> call) throws Exception {
        Set<Long> seen = new LinkedHashSet<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Callable<Long>> calls = new ArrayList<>();
            for (int i = 0; i < runs * threads; i++) {
                calls.add(call);
            }
            for (Future<Long> done : pool.invokeAll(calls)) {
                seen.add(done.get());
            }
        }
        return seen;
    }
}
