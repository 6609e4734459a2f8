package dev.kerf.formats;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** Names of YOLO's classes. */
final class YoloNames {
    private static final List<String> FILES = List.of("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names");
    private static final int MOST = 100_000;

    private YoloNames() {}

    /** From the file itself if it is YAML, else from what lies in the directory or in the two above; none if nothing says them. */
    static List<String> near(Path path, Path directory) {
        if (Files.isRegularFile(path) && isYaml(path)) {
            return read(path);
        }
        List<Path> places = new ArrayList<>();
        // As data sets lie: data.yaml, labels/train/NAME.txt.
        for (Path p = directory.toAbsolutePath().normalize(); p != null && places.size() < 3; p = p.getParent()) {
            places.add(p);
        }
        for (Path place : places) {
            for (String name : FILES) {
                if (Files.isRegularFile(place.resolve(name))) {
                    return read(place.resolve(name));
                }
            }
        }
        return List.of();
    }

    private static boolean isYaml(Path file) {
        return file.toString().endsWith(".yaml") || file.toString().endsWith(".yml");
    }

    private static List<String> read(Path file) {
        try {
            String text = Files.readString(file);
            return isYaml(file)
                    ? names(file, new Load(LoadSettings.builder().setLabel(file.toString()).build()).loadFromString(text))
                    : text.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
        } catch (YamlEngineException e) {
            throw new BadFileException(file + ": isn't YAML: " + e.getMessage().lines().findFirst().orElse(""), e);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be read (" + e.getMessage() + ")", e);
        }
    }

    /** A list, or a mapping from numbers from 0 on. */
    private static List<String> names(Path file, Object document) {
        Object names = document instanceof Map<?, ?> map ? map.get("names") : null;
        if (names instanceof List<?> list) {
            return list.stream().map(String::valueOf).toList();
        }
        if (names instanceof Map<?, ?> map && map.size() < MOST) {
            List<String> out = new ArrayList<>();
            for (int i = 0; i < map.size(); i++) {
                if (!map.containsKey(i)) {
                    throw new BadFileException(file + ": names has no class " + i + ", though it has " + map.size());
                }
                out.add(String.valueOf(map.get(i)));
            }
            return out;
        }
        throw new BadFileException(file + ": has no names, a list of classes or a mapping from their numbers");
    }
}
