package dev.kerf.spark;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/** Files of true labels in a folder, by the name of what they are of. */
final class TruthFiles {
    private static final List<String> ENDINGS = List.of("png", "bmp", "tif", "tiff", "gif");
    /** What may follow the name, the preferred first. */
    private static final List<String> SUFFIXES = List.of("-labels", "-truth", "");

    private TruthFiles() {}

    static Map<String, String> of(Path folder, Configuration hadoop) {
        Map<String, String> found = new TreeMap<>();
        Map<String, Integer> ranks = new TreeMap<>();
        try {
            for (FileStatus status : folder.getFileSystem(hadoop).listStatus(folder)) {
                String name = status.getPath().getName();
                String stem = Truth.stem(name);
                String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
                if (status.isDirectory() || !ENDINGS.contains(ending) || stem.endsWith("-overlay")) {
                    continue;
                }
                int rank = 0;
                while (!stem.endsWith(SUFFIXES.get(rank))) {
                    rank++;
                }
                String of = stem.substring(0, stem.length() - SUFFIXES.get(rank).length());
                if (rank < ranks.getOrDefault(of, SUFFIXES.size())) {
                    ranks.put(of, rank);
                    found.put(of, status.getPath().toString());
                }
            }
            return found;
        } catch (IOException e) {
            throw new BadFileException("--truth " + folder + ": can't be listed: " + e.getMessage(), e);
        }
    }
}
