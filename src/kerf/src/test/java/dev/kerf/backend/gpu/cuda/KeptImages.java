package dev.kerf.backend.gpu.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Images for the stand-in that a driver tries one after the other, and whose machine code is kept if there is a cache. */
final class KeptImages implements KernelImages {
    /** Code before that of {@link #find}. */
    final List<Image> before = new ArrayList<>();

    private final SourceImages sources;
    private final ImageCache cache;

    /** Nothing is kept. */
    KeptImages(Map<String, String> sources) {
        this(sources, null);
    }

    KeptImages(Map<String, String> sources, ImageCache cache) {
        this.sources = new SourceImages(sources);
        this.cache = cache;
    }

    @Override
    public Image find(String kernel, Map<String, String> definitions, Chip chip) {
        return sources.find(kernel, definitions, chip);
    }

    @Override
    public Stream<Image> all(String kernel, Map<String, String> definitions, Chip chip) {
        return Stream.concat(before.stream(), Stream.of(kernel).map(k -> find(k, definitions, chip)));
    }

    @Override
    public Image assembled(String kernel, Image image, Chip chip, Supplier<byte[]> assembler) {
        return cache == null
                ? new Image(assembler.get(), image.origin())
                : cache.assembled(kernel, image, chip, assembler);
    }
}
