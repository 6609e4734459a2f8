package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.image.ImageInfo.FileType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Formats that a plug-in of {@code javax.imageio} on the class or module path reads. The JDK's own readers aren't asked: what they
 * read Kerf reads itself.
 */
final class PluginDecoder implements ImageDecoder {
    private static final String DESKTOP = "java.desktop";
    /** Modern formats say much by few bytes. */
    private static final double BEST = 1 << 16;

    private final String name;
    private final byte[] bytes;

    PluginDecoder(String name, byte[] bytes) {
        this.name = name;
        this.bytes = bytes;
    }

    /** The endings of names of such files; each call asks anew, because an application may register plug-ins. */
    private static final class Registry {
        static Set<String> endings() {
            Set<String> out = new java.util.TreeSet<>();
            Iterator<ImageReaderSpi> all = IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, false);
            while (all.hasNext()) {
                ImageReaderSpi spi = all.next();
                if (isPlugin(spi) && spi.getFileSuffixes() != null) {
                    out.addAll(Arrays.stream(spi.getFileSuffixes()).filter(s -> !s.isEmpty())
                            .map(s -> s.toLowerCase(Locale.ROOT)).collect(Collectors.toSet()));
                }
            }
            return out;
        }

        static boolean isPlugin(ImageReaderSpi spi) {
            return spi != null && !DESKTOP.equals(spi.getClass().getModule().getName());
        }

        /** The first plug-in that says it can read the bytes. */
        static Optional<ImageReader> reader(byte[] bytes) {
            ImageInputStream in = stream(bytes);
            Iterator<ImageReader> all = ImageIO.getImageReaders(in);
            while (all.hasNext()) {
                ImageReader reader = all.next();
                if (isPlugin(reader.getOriginatingProvider())) {
                    return Optional.of(reader);
                }
                reader.dispose();
            }
            return Optional.empty();
        }

        static ImageInputStream stream(byte[] bytes) {
            return new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes));
        }
    }

    private static boolean hasDesktop() {
        return ModuleLayer.boot().findModule(DESKTOP).isPresent();
    }

    /** Whether a plug-in says that it can read the bytes. */
    static boolean reads(byte[] bytes) {
        try {
            Optional<ImageReader> reader = hasDesktop() ? Registry.reader(bytes) : Optional.empty();
            reader.ifPresent(ImageReader::dispose);
            return reader.isPresent();
        } catch (RuntimeException | LinkageError e) {
            // A plug-in that can't even say so, as one without its native library, reads nothing.
            return false;
        }
    }

    /** Whether a plug-in reads files with this ending, which is in small letters and without the dot. */
    static boolean knows(String ending) {
        return hasDesktop() && Registry.endings().contains(ending);
    }

    /** What is made of a reader. */
    private interface Use<T> {
        T of(ImageReader reader) throws IOException;
    }

    /** Plug-ins throw whatever they like. */
    private <T> T using(Use<T> use) {
        ImageReader reader = Registry.reader(bytes).orElseThrow(() -> failed("no plug-in reads it", null));
        try {
            reader.setInput(Registry.stream(bytes), true, true);
            return use.of(reader);
        } catch (BadFileException e) {
            throw e;
        } catch (IOException | RuntimeException | LinkageError e) {
            throw failed(String.valueOf(e.getMessage()).lines().findFirst().orElse(""), e);
        } finally {
            reader.dispose();
        }
    }

    private BadFileException failed(String why, @Nullable Throwable cause) {
        return new BadFileException(name + ": the plug-in for its format can't read it: " + why, cause);
    }

    @Override
    public ImageInfo info() {
        return using(this::info);
    }

    private ImageInfo info(ImageReader reader) throws IOException {
        Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
        PixelFormat format = types.hasNext()
                ? BufferedImages.from(types.next().createBufferedImage(1, 1)).format()
                : PixelFormat.RGB8;
        ImageInfo info = new ImageInfo(FileType.PLUGIN, reader.getWidth(0), reader.getHeight(0), format, 1);
        info.check(name, bytes.length, BEST, 2);
        return info;
    }

    @Override
    public Image decode(boolean indices) {
        return using(reader -> {
            info(reader);
            return BufferedImages.from(reader.read(0));
        });
    }
}
