package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.ImageInfo.FileType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * An image file's content and the name it goes by in messages.
 *
 * @param name  for messages
 * @param bytes the whole file, or its beginning when only the header is wanted
 */
record ImageFile(String name, byte[] bytes) {
    private static final int HEADER = 1 << 16;
    private static final int MAX_FILE = Integer.MAX_VALUE - 16;

    static ImageFile open(Path file) {
        return new ImageFile(file.toString(), load(file, MAX_FILE));
    }

    /** Reads the header from the file's beginning, or from all of it where the header lies further on. */
    static ImageInfo openHeader(Path file) {
        byte[] start = load(file, HEADER);
        FileType type = FileType.sniff(start);
        if (start.length == HEADER && (type == FileType.PNG || type == FileType.TIFF || type == FileType.PLUGIN)) {
            // What PNG says of its orientation may stand behind the pixels, TIFF's tags anywhere; plug-ins say what they want.
            return open(file).info();
        } else if (start.length == HEADER) {
            try {
                return new ImageFile(file.toString(), start).info();
            } catch (BadFileException e) {
                // The header may be longer than the piece that was read: the whole file decides.
                return open(file).info();
            }
        }
        return new ImageFile(file.toString(), start).info();
    }

    private static byte[] load(Path file, int most) {
        try {
            if (Files.isDirectory(file)) {
                throw new BadFileException(file + ": is a directory, not an image file");
            }
            long size = Math.min(most, Files.size(file));
            if (most == MAX_FILE && Files.size(file) > most) {
                throw new BadFileException(file + ": " + Files.size(file) + " bytes; image files of up to " + most
                        + " bytes can be read");
            }
            ImageInfo.checkMemory(file + ": reading " + size + " bytes", 2 * size);
            try (InputStream in = Files.newInputStream(file)) {
                return in.readNBytes(most);
            }
        } catch (NoSuchFileException e) {
            throw new BadFileException(file + ": no such file", e);
        } catch (AccessDeniedException e) {
            throw new BadFileException(file + ": no permission to read it", e);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be read: " + e.getMessage(), e);
        }
    }

    private FileType type() {
        if (bytes.length == 0) {
            throw new BadFileException(name + ": the file is empty (0 bytes)");
        }
        FileType type = FileType.sniff(bytes);
        if (type == null) {
            throw new BadFileException(name
                    + ": not an image of a known format; known are " + listed(own(), "and")
                    + "; others by plug-ins of javax.imageio on the class path");
        }
        return type;
    }

    private static Stream<FileType> own() {
        return Stream.of(FileType.values()).filter(t -> t != FileType.PLUGIN);
    }

    private static String listed(Stream<FileType> types, String conjunction) {
        return types.map(FileType::name).collect(Collectors.joining(", "))
                .replaceFirst(", (\\w+)$", " " + conjunction + " $1");
    }

    ImageInfo info() {
        return type().decoder(name, bytes).info();
    }

    /** Pages of a TIFF file, or pictures where some of its pages are channels of one another; 1 of others. */
    int pages(boolean channels) {
        if (type() != FileType.TIFF) {
            return 1;
        }
        TiffDecoder tiff = new TiffDecoder(name, bytes);
        return channels ? tiff.pictures() : tiff.pages();
    }

    /** A page, or chosen channels of a picture. */
    Image decode(int page, int... channels) {
        if (type() == FileType.TIFF) {
            TiffDecoder tiff = new TiffDecoder(name, bytes);
            return channels.length == 0 ? tiff.decode(page, false) : tiff.decode(page, channels);
        } else if (page != 0 || channels.length > 0) {
            throw new BadInputException(name + ": only TIFF files have pages and channels to choose");
        }
        return decode(false);
    }

    Image decode(boolean indices) {
        FileType type = type();
        if (indices && type.lossy()) {
            throw new BadFileException(name + ": " + type + " changes numbers when it stores them, so that it can't "
                    + "hold labels; give " + listed(own().filter(t -> !t.lossy()), "or"));
        }
        return type.decoder(name, bytes).decode(indices);
    }

    /** Labels as (height, width) of U8, U16 or, where a TIFF file has wider numbers, I32. */
    HostTensor labels() {
        HostTensor wide = type() == FileType.TIFF ? new TiffDecoder(name, bytes).labels() : null;
        if (wide != null) {
            return wide;
        }
        Image image = decode(true);
        if (!image.format().isGrey() && !isGreyAll(image)) {
            throw new BadInputException(name + ": a picture in colour says no labels; give one with a palette or in grey");
        }
        return image.toGrey().toTensor().reshape(Shape.of(image.height(), image.width()));
    }

    /** Whether red, green and blue are equal everywhere, as in greys that a program saved as RGB. */
    private static boolean isGreyAll(Image image) {
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                int v = image.sample(x, y, 0);
                if (image.sample(x, y, 1) != v || image.sample(x, y, 2) != v) {
                    return false;
                }
            }
        }
        return true;
    }
}
