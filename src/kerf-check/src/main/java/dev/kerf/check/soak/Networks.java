package dev.kerf.check.soak;

import dev.kerf.Kerf;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.matting.Matting;
import dev.kerf.model.matting.MattingOptions;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.Sam2;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The networks of a soak: the small U-Net that comes with Kerf, and a Mask R-CNN, a SAM 2 and a U²-Net or IS-Net with the weights
 * of golden cases; all on small pictures.
 */
final class Networks {
    /** More than plans of any cache. */
    private static final List<Image> PICTURES = IntStream.range(0, 5).mapToObj(i -> drawn(32 + 8 * i, 48 - 4 * i)).toList();
    private static final int SAM_SIDE = 64;
    private static final int MATTE_SIDE = 64;
    /** The small one is asked this often for each time that a large one is. */
    private static final int UNET_SHARE = 40;

    private Networks() {}

    /** Those that there are weights for: the U-Net, and one for each model of the golden cases that isn't a U-Net. */
    static List<Network<?>> of(List<Path> goldens) {
        Map<String, Network<?>> all = new LinkedHashMap<>();
        all.put("unet", new Network<>("U-Net", UNET_SHARE, PICTURES.size(), Kerf::embeddedWeights, UNet::load,
                (net, i) -> hash(1, net.segment(PICTURES.get(i), SegmentOptions.of().withLogits()).logits()), UNet::close));
        for (Path folder : goldens) {
            GoldenCase golden = GoldenCase.open(folder);
            switch (golden.model()) {
                case "maskrcnn" -> all.putIfAbsent("maskrcnn", new Network<>("Mask R-CNN, " + name(folder), 1,
                        PICTURES.size(), golden::weights, MaskRcnn::load, (net, i) -> detect(net, PICTURES.get(i)),
                        MaskRcnn::close));
                case "sam2" -> all.putIfAbsent("sam2", new Network<>("SAM 2, " + name(folder), 1, PICTURES.size(),
                        golden::weights,
                        (device, weights) -> Sam2.load(device, weights, Sam2.Settings.of().imageSize(SAM_SIDE),
                                ModelOptions.of()),
                        (net, i) -> point(net, PICTURES.get(i)), Sam2::close));
                case "u2net" -> all.putIfAbsent("u2net", new Network<>("mattes, " + name(folder), 1, PICTURES.size(),
                        golden::weights,
                        (device, weights) -> Matting.load(device, weights, MattingOptions.of().size(MATTE_SIDE, MATTE_SIDE)),
                        (net, i) -> hash(1, net.matte(PICTURES.get(i))), Matting::close));
                default -> {
                    // The U-Net that comes with Kerf is smaller.
                }
            }
        }
        return List.copyOf(new ArrayList<>(all.values()));
    }

    private static String name(Path folder) {
        return folder.toAbsolutePath().normalize().getFileName().toString();
    }

    private static long detect(MaskRcnn net, Image picture) {
        long hash = 1;
        for (Instance i : net.detect(picture, DetectOptions.of().size(64, 96).proposals(60).most(20)).items()) {
            hash = 31 * hash + i.category();
            hash = 31 * hash + Double.doubleToRawLongBits(i.score());
            hash = 31 * hash + i.box().hashCode();
            hash = 31 * hash + i.mask().hashCode();
        }
        return hash;
    }

    private static long point(Sam2 net, Image picture) {
        long hash = 1;
        try (ImageView view = net.look(picture)) {
            Prompt point = Prompt.point(0.4 * picture.width(), 0.3 * picture.height());
            for (Prediction p : view.candidates(point)) {
                hash = hash(hash, p.lowRes());
            }
            Prediction boxed = view.predict(Prompt.box(5, 6, 0.7 * picture.width(), 0.8 * picture.height()));
            return hash(hash(hash, boxed.lowRes()), boxed.logits());
        }
    }

    private static long hash(long start, HostTensor t) {
        long hash = start;
        for (long i = 0; i < t.elements(); i++) {
            hash = 31 * hash + Double.doubleToRawLongBits(t.getDouble(i));
        }
        return hash;
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
}
