package dev.kerf.formats;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.RunLength;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads Cityscapes' truth: {@code _instanceIds.png}, which its own evaluation goes by; where there is none
 * {@code _polygons.json}, rasterised as COCO's are, later objects over earlier ones; else {@code _labelIds.png}.
 */
final class Cityscapes {
    private static final List<String> ENDINGS = List.of("_instanceIds.png", "_polygons.json", "_labelIds.png");
    private static final int LARGEST = 1 << 16;
    private static final String GROUP = "group";
    /** Has no id, and isn't drawn by cityscapesscripts either. */
    private static final Set<String> UNDRAWN = Set.of("license plate");

    private Cityscapes() {}

    static AnnotationSet read(Path path) {
        Map<String, Path> files = new TreeMap<>();
        for (String ending : ENDINGS) {
            List<Path> found = new ArrayList<>(Listing.under(path, ending));
            // Of a picture that was drawn twice the fine drawing counts.
            found.sort(Comparator.comparing(f -> f.getFileName().toString().contains("_gtCoarse")));
            found.forEach(file -> files.putIfAbsent(name(file, ending), file));
        }
        if (files.isEmpty()) {
            throw new BadInputException(path + ": has no file of Cityscapes' (" + String.join(", ", ENDINGS) + ")");
        }
        List<Annotations> pictures = new ArrayList<>();
        files.forEach((name, file) -> pictures.add(file.toString().endsWith(".json")
                ? polygons(name, file)
                : numbers(name, LabelMap.read(file), file)));
        return AnnotationSet.of(AnnotationFormat.CITYSCAPES, List.copyOf(CityscapesClasses.ids().keySet()), pictures, Map.of());
    }

    private static String name(Path file, String ending) {
        String name = file.getFileName().toString();
        return name.substring(0, name.length() - ending.length()).replaceFirst("_(gtFine|gtCoarse)$", "");
    }

    /** Ids, and of things ids times 1000 and a number. */
    private static Annotations numbers(String name, LabelMap map, Path file) {
        TreeSet<Integer> occurring = new TreeSet<>();
        for (int v : map.toArray()) {
            occurring.add(v);
        }
        List<Item> items = new ArrayList<>();
        for (int v : occurring) {
            boolean counted = v >= CityscapesClasses.FIRST_THING * CityscapesClasses.INSTANCES;
            int id = counted ? v / CityscapesClasses.INSTANCES : v;
            String label = CityscapesClasses.name(id);
            if (id == 0 || id == 255) {
                continue;
            }
            if (label == null) {
                throw new BadFileException(file + ": " + v + " is no id of Cityscapes'");
            }
            Kind kind = counted ? Kind.THING : CityscapesClasses.thing(id) ? Kind.CROWD : Kind.STUFF;
            items.add(new Item(label, kind, RunLength.encode(map.mask(v)), OptionalDouble.empty(), 0));
        }
        return new Annotations(name, map.width(), map.height(), items);
    }

    private static Annotations polygons(String name, Path file) {
        Json json = Json.read(file);
        int width = json.at("imgWidth").asInt();
        int height = json.at("imgHeight").asInt();
        if (width < 1 || height < 1 || width > LARGEST || height > LARGEST) {
            throw json.error("says a picture of " + width + "x" + height);
        }
        List<Item> items = new ArrayList<>();
        for (Json o : json.at("objects").items()) {
            if (o.find("deleted").filter(d -> d.isNumber() && d.asInt() != 0 || d.isBoolean() && d.asBoolean()).isPresent()) {
                continue;
            }
            String label = o.at("label").asString();
            if (UNDRAWN.contains(label)) {
                continue;
            }
            boolean group = label.endsWith(GROUP) && !CityscapesClasses.ids().containsKey(label);
            label = group ? label.substring(0, label.length() - GROUP.length()) : label;
            int id = CityscapesClasses.ids().getOrDefault(label, 0);
            Kind kind = !CityscapesClasses.thing(id) ? Kind.STUFF : group ? Kind.CROWD : Kind.THING;
            double[] corners = new double[2 * o.at("polygon").size()];
            for (int i = 0; i < corners.length; i++) {
                corners[i] = o.at("polygon").at(i / 2).at(i % 2).asDouble();
            }
            try {
                items.add(new Item(label, kind, RunLength.ofPolygons(width, height, List.of(corners)), OptionalDouble.empty(),
                        0));
            } catch (KerfException e) {
                throw o.error(e.getMessage());
            }
        }
        return new Annotations(name, width, height, visible(items, width, height));
    }

    /** Each item without what lies over it; those that are covered whole are left out. */
    private static List<Item> visible(List<Item> items, int width, int height) {
        List<Item> out = new ArrayList<>();
        RunLength over = RunLength.ofPolygons(width, height, List.of());
        for (Item item : items.reversed()) {
            RunLength seen = RunLength.encode(item.mask().decode().andNot(over.decode()));
            over = over.union(item.mask());
            if (seen.area() > 0) {
                out.add(new Item(item.label(), item.kind(), seen, item.score(), item.group()));
            }
        }
        return out.reversed();
    }
}
