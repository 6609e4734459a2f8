package dev.kerf.cli.evaluate;

import dev.kerf.cli.volume.VolumeLabels;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.medical.nifti.Nifti;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Which predicted file belongs to which true one: those of one name, leaving out endings and what tells a result from
 * its image ({@code x-labels.png} and {@code x-logits.npy} belong to {@code x.png}, as does {@code x-truth.png}).
 *
 * @param pairs          in order of name
 * @param predictedAlone names that have no truth
 * @param truthAlone     names that have no prediction
 */
record LabelPairs(List<Pair> pairs, List<String> predictedAlone, List<String> truthAlone) {
    /** What may follow the name, the preferred first: of x.png and x-labels.png in one directory the latter counts. */
    private static final List<String> PREDICTED = List.of("-labels", "-logits", "");
    private static final List<String> TRUTH = List.of("-labels", "-truth", "");

    /** Pictures that aren't labels. */
    private static final String OVERLAY = "-overlay";

    /**
     * Two files to compare.
     *
     * @param name what both are called
     */
    record Pair(String name, Path predicted, Path truth) {}

    /**
     * Pairs the files of two directories, or two volumes.
     *
     * @throws BadFileException  if a directory can't be listed
     * @throws BadInputException if it holds no labels, or two files for one name
     */
    static LabelPairs of(Path predicted, Path truth) {
        if (VolumeLabels.isVolume(predicted) && VolumeLabels.isVolume(truth)) {
            return new LabelPairs(List.of(new Pair(Nifti.stem(truth), predicted, truth)), List.of(), List.of());
        }
        SortedMap<String, Path> left = files(predicted, PREDICTED);
        SortedMap<String, Path> right = files(truth, TRUTH);
        List<Pair> pairs = new ArrayList<>();
        List<String> predictedAlone = new ArrayList<>();
        left.forEach((name, file) -> {
            if (right.containsKey(name)) {
                pairs.add(new Pair(name, file, right.get(name)));
            } else {
                predictedAlone.add(name);
            }
        });
        List<String> truthAlone = right.keySet().stream().filter(name -> !left.containsKey(name)).toList();
        return new LabelPairs(pairs, predictedAlone, truthAlone);
    }

    /** The labels of a directory by what they belong to. */
    static SortedMap<String, Path> labels(Path directory) {
        return files(directory, List.of("-labels", "-logits", "-truth", ""));
    }

    /** What a picture, or what belongs to it, is called: without its ending and what Cityscapes calls the left camera. */
    static String stem(Path file) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return (dot <= 0 ? name : name.substring(0, dot)).replaceFirst("_leftImg8bit$", "");
    }

    private static SortedMap<String, Path> files(Path directory, List<String> suffixes) {
        if (!Files.isDirectory(directory)) {
            throw new BadFileException(directory + ": is no directory");
        }
        SortedMap<String, Path> found = new TreeMap<>();
        SortedMap<String, Integer> ranks = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path file : entries) {
                String whole = file.getFileName().toString();
                int dot = whole.lastIndexOf('.');
                String stem = dot <= 0 ? whole : whole.substring(0, dot);
                String ending = whole.substring(dot + 1).toLowerCase(Locale.ROOT);
                if (VolumeLabels.isVolume(file)) {
                    add(file, Nifti.stem(file), suffixes, found, ranks);
                } else if (LabelFile.ENDINGS.contains(ending) && !stem.endsWith(OVERLAY) && Files.isRegularFile(file)) {
                    add(file, stem, suffixes, found, ranks);
                }
            }
        } catch (IOException e) {
            throw new BadFileException(directory + ": can't be listed (" + e + ")", e);
        }
        if (found.isEmpty()) {
            throw new BadInputException(directory + ": no labels in it (looked for "
                    + String.join(", ", LabelFile.ENDINGS) + "), and no NIfTI volumes");
        }
        return found;
    }

    private static void add(Path file, String stem, List<String> suffixes, SortedMap<String, Path> found,
            SortedMap<String, Integer> ranks) {
        int rank = 0;
        while (!stem.endsWith(suffixes.get(rank))) {
            rank++;
        }
        String name = stem.substring(0, stem.length() - suffixes.get(rank).length());
        int known = ranks.getOrDefault(name, Integer.MAX_VALUE);
        if (rank == known) {
            throw new BadInputException(found.get(name) + " and " + file + " are both labels of " + name
                    + ": take one of them away");
        }
        if (rank < known) {
            found.put(name, file);
            ranks.put(name, rank);
        }
    }
}
