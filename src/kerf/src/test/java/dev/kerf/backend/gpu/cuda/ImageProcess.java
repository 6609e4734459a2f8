package dev.kerf.backend.gpu.cuda;

import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * A process of its own that asks for kernels: {@code ImageProcess CACHE LIBRARY}; prints where each came from and what
 * it is.
 */
final class ImageProcess {
    private ImageProcess() {}

    public static void main(String... args) {
        StandardImages images = new StandardImages(
                new ImageCache(Path.of(args[0])), () -> NvrtcLibrary.find(List.of(args[1])));
        for (int group = 16; group <= 1024; group *= 2) {
            KernelImages.Image image = images.find("softmax",
                    Map.of("GROUP", "" + group, "HAS_COUNT", "0", "KERF_STORAGE", "0", "STANDIN_SLOW", "1"),
                    new KernelImages.Chip(9, 0, 12060, "a GPU"));
            System.out.println(group + " " + HexFormat.of().formatHex(image.bytes()));
        }
    }
}
