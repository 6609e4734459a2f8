package dev.kerf.cli.picture;

import dev.kerf.cli.picture.ImageInputs.Input;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which images the arguments mean. */
final class ImageOptions {
    @Option(names = "--recursive", description = "Also takes the images in a directory's directories; links and the directory for results are left out.")
    private boolean recursive;

    @Mixin
    private PageOptions pages;

    /** Whether a directory's directories are meant, too. */
    boolean recursive() {
        return recursive;
    }

    /**
     * Each file and what its results are called, in order; none where pages or channels are chosen, which are pictures', or a
     * file can't be named.
     */
    Map<Path, String> files(List<String> arguments, Path results) {
        Map<Path, String> out = new LinkedHashMap<>();
        if (!pages.given()) {
            for (Input i : ImageInputs.of(arguments, recursive, results, _ -> {})) {
                if (!i.trouble().isEmpty()) {
                    return Map.of();
                }
                out.put(i.file(), i.name());
            }
        }
        return out;
    }

    /**
     * Each page of each file.
     *
     * @param results where what is made of them goes
     * @param note    is told of files in a directory that aren't taken
     */
    List<Input> of(List<String> arguments, Path results, Consumer<String> note) {
        return pages.of(ImageInputs.of(arguments, recursive, results, note));
    }
}
