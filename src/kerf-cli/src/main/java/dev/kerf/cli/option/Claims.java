package dev.kerf.cli.option;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Which file is whose, whatever links lead to it: no result takes the place of what it is made from, or of another's result.
 */
public final class Claims {
    private static final String INPUT = "";

    private final Map<Path, String> owners = new HashMap<>();

    /** @param inputs what is read; of a directory, the files in it. What isn't there can't be overwritten. */
    public Claims(Collection<Path> inputs) {
        for (Path input : inputs) {
            if (Files.isDirectory(input)) {
                try (Stream<Path> files = Files.list(input)) {
                    files.forEach(f -> owners.put(real(f), INPUT));
                } catch (IOException e) {
                    throw new BadFileException(input + ": can't be listed (" + e + ")", e);
                }
            } else if (Files.exists(input)) {
                owners.put(real(input), INPUT);
            }
        }
    }

    /**
     * For a command that writes one file.
     *
     * @param option by which the user names it
     * @throws BadInputException if it is one of the inputs, of which those that weren't given are null
     */
    public static void spare(String option, Path result, Path... inputs) {
        new Claims(Stream.of(inputs).filter(i -> i != null).toList()).take(option, List.of(result), option);
    }

    /**
     * Takes files for what is made of an input.
     *
     * @param of     what is told of the input
     * @param option by which the user chooses another place
     * @throws BadInputException if one of them is an input, or somebody else's
     */
    public void take(String of, Collection<Path> results, String option) {
        for (Path result : results) {
            check(of, result, owners.putIfAbsent(real(result), of), option);
        }
    }

    /**
     * Likewise without keeping them, for files of which there is no end and that nobody else can have.
     *
     * @param of     what is told of the input
     * @param option by which the user chooses another place
     * @throws BadInputException if one of them is an input, or somebody else's
     */
    public void check(String of, Collection<Path> results, String option) {
        for (Path result : results) {
            check(of, result, owners.get(real(result)), option);
        }
    }

    private static void check(String of, Path result, String owner, String option) {
        if (INPUT.equals(owner)) {
            throw new BadInputException(
                    result + ": the result for " + of + " would overwrite this input; choose another with "
                            + option);
        } else if (owner != null && !owner.equals(of)) {
            throw new BadInputException(result + ": is the result for " + owner + " and for " + of
                    + "; choose another place with " + option + " for one of them");
        }
    }

    /** Whether it is read, by this name or another. */
    public boolean isInput(Path file) {
        return INPUT.equals(owners.get(real(file)));
    }

    private static Path real(Path file) {
        Path whole = file.toAbsolutePath().normalize();
        try {
            if (Files.exists(file)) {
                return file.toRealPath();
            }
            Path directory = whole.getParent();
            return directory != null && Files.exists(directory) ? directory.toRealPath().resolve(whole.getFileName()) : whole;
        } catch (IOException e) {
            // What can't be looked at can't be written to either, which is told when it is.
            return whole;
        }
    }
}
