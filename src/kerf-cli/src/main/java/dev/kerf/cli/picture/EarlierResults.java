package dev.kerf.cli.picture;

import dev.kerf.error.KerfException;
import dev.kerf.geo.LabelTiff;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo;
import dev.kerf.image.ImageInfo.FileType;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.video.FrameSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Tells what an earlier run made from images, among the files of a directory: by their names, beside that of an image there,
 * and by what is in them.
 */
final class EarlierResults {
    private static final Pattern NAME = Pattern.compile(
            "(?<image>.+?)(?:-page-\\d+)?-(?:(?<labels>labels|masks)|(?<drawn>overlay(?:-\\d+)?|panoptic)|(?<matte>matte)|(?<made>cutout|blur)|logits"
                    + "|(?<mask>\\d{3,}-[\\p{L}\\p{N}._]+|mask-\\d+))");
    private static final Pattern OBJECT = Pattern.compile("(?<frame>.+?)(?:-object-\\d+)?\\.png");
    /** Where a PNG file has its colour type, which is 3 of one with a palette. */
    private static final int COLOUR_TYPE = 25;

    private EarlierResults() {}

    /** Those of the files that are results. */
    static List<Path> among(List<Path> files) {
        Map<String, Path> images = new HashMap<>();
        files.forEach(f -> images.put(ImageInputs.stem(f), f));
        // Of images that differ in their endings only, results have the whole name.
        files.forEach(f -> images.put(f.getFileName().toString(), f));
        return files.stream().filter(f -> {
            Matcher m = NAME.matcher(ImageInputs.stem(f));
            return m.matches() && images.containsKey(m.group("image")) && fits(f, images.get(m.group("image")), m);
        }).toList();
    }

    /** Masks of these frames and of objects in them: pictures with a palette, and black and white ones. */
    static List<Path> masks(Path directory, Set<String> frames) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(f -> {
                Matcher m = OBJECT.matcher(f.getFileName().toString());
                return m.matches() && frames.contains(m.group("frame")) && Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS)
                        && isMask(f);
            }).toList();
        }
    }

    private static boolean fits(Path file, Path image, Matcher name) {
        if (name.group("matte") != null) {
            return isMatte(file);
        }
        if (name.group("made") != null) {
            return isMade(file, image);
        }
        return name.group("labels") != null
                ? isLabels(file)
                : name.group("drawn") != null
                        ? isDrawn(file, image)
                        : name.group("mask") == null || isMask(file);
    }

    private static boolean isMatte(Path file) {
        try {
            return Image.info(file).format() == PixelFormat.GRAY8;
        } catch (KerfException e) {
            return false;
        }
    }

    /** A PNG of the image's size, whatever its format; of a GIF that moves a GIF. */
    private static boolean isMade(Path file, Path image) {
        try {
            ImageInfo made = Image.info(file);
            boolean moves = made.type() == FileType.GIF && FrameSource.isVideo(image);
            return (made.type() == FileType.PNG || moves) && (hasNoOneSize(image) || isSizeOf(made, Image.info(image)));
        } catch (KerfException e) {
            return false;
        }
    }

    private static boolean isDrawn(Path file, Path image) {
        try {
            ImageInfo drawn = Image.info(file);
            return drawn.type() == FileType.PNG && drawn.format() == PixelFormat.RGB8
                    && (hasNoOneSize(image) || isSizeOf(drawn, Image.info(image)));
        } catch (KerfException e) {
            // A file that can't be read is an image that fails, and is told of.
            return false;
        }
    }

    /** Pages of a TIFF differ, and arrays aren't images. */
    private static boolean hasNoOneSize(Path image) {
        String name = image.toString();
        return ImageInputs.isTiff(image) || name.endsWith(".npy") || name.endsWith(".npz");
    }

    private static boolean isSizeOf(ImageInfo a, ImageInfo b) {
        return a.width() == b.width() && a.height() == b.height();
    }

    private static boolean isLabels(Path file) {
        if (ImageInputs.isTiff(file)) {
            return LabelTiff.isOne(file);
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] head = in.readNBytes(COLOUR_TYPE + 1);
            return head.length > COLOUR_TYPE && head[1] == 'P' && head[COLOUR_TYPE] == 3;
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isMask(Path file) {
        try {
            return isLabels(file) || Image.info(file).format() == PixelFormat.GRAY8 && isBlackAndWhite(Image.read(file));
        } catch (KerfException e) {
            return false;
        }
    }

    private static boolean isBlackAndWhite(Image grey) {
        for (int y = 0; y < grey.height(); y++) {
            for (int x = 0; x < grey.width(); x++) {
                if (grey.sample(x, y, 0) % 255 != 0) {
                    return false;
                }
            }
        }
        return true;
    }
}
