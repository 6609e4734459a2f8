import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Writes the kernels that have the same code for each type of element. TornadoVM goes by the types of a kernel's
 * parameters, so each needs a method of its own. A template is Java but for lines {@code // for each E}, which begin a
 * block that is written once for each element, up to {@code // end E}, and for names in it: {@code E_CONSTANT}, {@code
 * E_LIST}, {@code E_NAME}, {@code E_ARRAY}, {@code E_TYPE}, and, in two blocks, {@code X_TO_Y}: v, an element of X's
 * type, in Y's.
 *
 * <pre>{@code java Copies.java TEMPLATES FOLDER}</pre>
 */
final class Copies {
    /**
     * A type of element.
     *
     * @param constant  of {@code dev.kerf.tornado.Element}
     * @param list      what arrays of it are called
     * @param array     TornadoVM's array
     * @param type      Java's type
     * @param value     v as a number without sign
     * @param fromFloat v, a float, as a number of this type
     */
    private record Element(String constant, String list, String array, String type, String value, String fromFloat) {
        /** The list's name within one. */
        String name() {
            return Character.toUpperCase(list.charAt(0)) + list.substring(1);
        }
    }

    private static final List<Element> ELEMENTS = List.of(
            new Element("FLOAT", "floats", "FloatArray", "float", "v", "v"),
            new Element("INT", "ints", "IntArray", "int", "v", "toInt(v)"),
            new Element("BYTE", "bytes", "ByteArray", "byte", "(v & 0xff)", "clamped(v, 255)"),
            new Element("SHORT", "shorts", "ShortArray", "short", "(v & 0xffff)", "clamped(v, 65535)"),
            new Element("LONG", "longs", "LongArray", "long", "v", "toLong(v)"));

    private Copies() {}

    /** See the class. */
    public static void main(String[] folders) throws IOException {
        Path templates = Path.of(folders[0]);
        try (Stream<Path> files = Files.walk(templates)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path to = Path.of(folders[1]).resolve(templates.relativize(file));
                Files.createDirectories(to.getParent());
                List<String> lines = new ArrayList<>();
                write(Files.readAllLines(file), new TreeMap<>(), lines);
                Files.write(to, lines);
            }
        }
    }

    private static void write(List<String> template, Map<String, Element> chosen, List<String> to) {
        for (int i = 0; i < template.size(); i++) {
            String line = template.get(i);
            if (!line.strip().startsWith("// for each ")) {
                to.add(filled(line, chosen));
                continue;
            }
            String name = line.strip().substring("// for each ".length());
            int begin = i + 1;
            while (!template.get(i).strip().equals("// end " + name)) {
                i++;
            }
            for (Element e : ELEMENTS) {
                chosen.put(name, e);
                write(template.subList(begin, i), chosen, to);
            }
            chosen.remove(name);
        }
    }

    private static String filled(String line, Map<String, Element> chosen) {
        String filled = line;
        for (Map.Entry<String, Element> c : chosen.entrySet()) {
            filled = filled.replace(c.getKey() + "_CONSTANT", c.getValue().constant)
                    .replace(c.getKey() + "_LIST", c.getValue().list).replace(c.getKey() + "_ARRAY", c.getValue().array)
                    .replace(c.getKey() + "_NAME", c.getValue().name())
                    .replace(c.getKey() + "_TYPE", c.getValue().type);
        }
        return filled.contains("X_TO_Y")
                ? filled.replace("X_TO_Y", converted(chosen.get("X"), chosen.get("Y")))
                : filled;
    }

    private static String converted(Element x, Element y) {
        if (x == y) {
            return "v";
        }
        return "(" + y.type + ") " + (x.type.equals("float") ? y.fromFloat : x.value);
    }
}
