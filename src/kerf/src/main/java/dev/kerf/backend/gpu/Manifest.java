package dev.kerf.backend.gpu;

import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What {@code kernels/manifest/NAME.json} says of a kernel: arguments, launch geometry, parameters, costs. Formulas see all
 * integer arguments, parameters, numeric attributes, the sizes that the lowering states, and of the device
 * {@code max_group}, {@code local_memory}, {@code compute_units} and {@code real} (bytes of a stored activation: 4 or 2).
 *
 * <pre>{@code
 * {
 *   "file": "softmax.cl",
 *   "what": "softmax along one axis",
 *   "arguments": ["const real* x", "long x_off", "real* y", "long y_off", "int outer", "int n", "int inner"],
 *   "attributes": ["HAS_COUNT"],
 *   "parameters": {"GROUP": {"default": 64, "values": [32, 64, 128, 256]}},
 *   "constraints": ["GROUP <= max_group"],
 *   "global": ["outer * inner * GROUP"], "local": ["GROUP"],
 *   "flops": "outer * n * inner * 4", "bytes": "2 * outer * n * inner * real",
 *   "variants": ["softmax_cpu"]
 * }
 * }</pre>
 *
 * {@code "shipped"} lists which values the attributes can take: combinations as products of lists, so that there are
 * finitely many and code for all of them can be shipped.
 *
 * <pre>{@code
 *   "attributes": ["TYPE", "ACT"],
 *   "shipped": [{"TYPE": ["real"], "ACT": [0, 1]}, {"TYPE": ["int"], "ACT": [0]}],
 * }</pre>
 *
 * A variant has the same arguments and attributes, and says {@code "variant_of"}, {@code "devices"} (kinds on which it is
 * chosen by itself; it runs anywhere) and optionally {@code "when"} (a condition over the sizes that it needs to be right).
 * The first variant in the list whose devices and condition fit is chosen, otherwise the kernel itself.
 *
 * @param name        the kernel's entry
 * @param what        one line
 * @param arguments   in order
 * @param attributes  definitions that the lowering fixes: an activation, an element type
 * @param shipped     products of the attributes' values; empty for a variant that isn't shipped compiled
 * @param parameters  definitions that are free to tune
 * @param constraints what parameters have to hold
 * @param global      work-items along each axis
 * @param local       work-items of a group along each axis
 * @param flops       arithmetic operations of a launch
 * @param bytes       bytes that a launch has to read and write at least
 * @param variants    kernels that may stand in for this one, the preferred first
 * @param variantOf   the kernel that this is a variant of, or empty
 * @param devices     kinds of device on which a variant is chosen
 * @param when        what sizes must hold for this kernel
 */
public record Manifest(
        String name, String what, List<Argument> arguments, List<String> attributes,
        List<Map<String, List<String>>> shipped, Map<String, Parameter> parameters, List<Expression> constraints,
        List<Expression> global, List<Expression> local, Expression flops, Expression bytes, List<String> variants,
        String variantOf, List<String> devices, Expression when) {
    private static final Map<String, Manifest> READ = new ConcurrentHashMap<>();
    private static final String FOLDER = "/dev/kerf/kernels/";

    /**
     * An argument of a kernel.
     *
     * @param type a scalar ({@code int}, {@code long}, {@code float}) or a pointer such as {@code const real*}
     * @param name as in the source
     */
    public record Argument(String type, String name) {
        /** Whether it is a buffer. */
        public boolean pointer() {
            return type.endsWith("*");
        }

        /** The element type of a buffer: {@code real}, {@code float}, {@code int}, {@code uchar} … or an attribute's name. */
        public String element() {
            return type.replace("const ", "").replace("*", "").strip();
        }
    }

    /**
     * A definition that is free to tune.
     *
     * @param standard the value where none is tuned
     * @param values   the values to try
     */
    public record Parameter(long standard, List<Long> values) {}

    /** Copies the lists. */
    public Manifest {
        arguments = List.copyOf(arguments);
        attributes = List.copyOf(attributes);
        shipped = List.copyOf(shipped);
    }

    /**
     * The manifest of a shipped kernel; read once.
     *
     * @throws BadFileException if there is none or it is malformed
     */
    public static Manifest of(String kernel) {
        return READ.computeIfAbsent(kernel, k -> parse(k, Json.parse(resource("manifest/" + k + ".json"), k + ".json")));
    }

    /** A text file under {@code kernels/}. */
    public static String resource(String path) {
        try (InputStream in = Manifest.class.getResourceAsStream(FOLDER + path)) {
            if (in == null) {
                throw new BadFileException("kernels/" + path + " is not in the program");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new BadFileException("kernels/" + path + " can't be read (" + e + ")", e);
        }
    }

    /** Reads a manifest. */
    public static Manifest parse(String kernel, Json json) {
        if (!json.at("file").asString().equals(kernel + ".cl")) {
            throw json.at("file").error("expected " + kernel + ".cl");
        }
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        json.find("parameters").ifPresent(all -> all.members().forEach((name, p) -> {
            List<Long> values = p.at("values").items().stream().map(Json::asLong).toList();
            if (!values.contains(p.at("default").asLong())) {
                throw p.error("the default is not among the values");
            }
            parameters.put(name, new Parameter(p.at("default").asLong(), values));
        }));
        Manifest m = new Manifest(
                kernel, json.at("what").asString(),
                json.at("arguments").items().stream().map(Manifest::argument).toList(),
                strings(json, "attributes"), shipped(json), parameters, formulas(json, "constraints"), formulas(json, "global"),
                formulas(json, "local"), Expression.parse(json.at("flops").asString()),
                Expression.parse(json.at("bytes").asString()), strings(json, "variants"),
                json.find("variant_of").map(Json::asString).orElse(""), strings(json, "devices"),
                Expression.parse(json.find("when").map(Json::asString).orElse("1")));
        if (m.global.isEmpty() || m.global.size() > 3 || m.global.size() != m.local.size()) {
            throw json.at("global").error("needs 1 to 3 axes, and local as many");
        }
        return m;
    }

    /** All combinations of the attributes' values that code is shipped for; one of no attributes for a kernel without. */
    public List<Map<String, String>> combinations() {
        List<Map<String, String>> all = new ArrayList<>();
        for (Map<String, List<String>> product : shipped) {
            List<Map<String, String>> made = List.of(Map.of());
            for (String attribute : attributes) {
                List<Map<String, String>> longer = new ArrayList<>();
                for (Map<String, String> shorter : made) {
                    for (String value : product.get(attribute)) {
                        Map<String, String> more = new LinkedHashMap<>(shorter);
                        more.put(attribute, value);
                        longer.add(more);
                    }
                }
                made = longer;
            }
            all.addAll(made);
        }
        return all;
    }

    /** Whether definitions give the attributes values that they can take; anything goes where nothing is shipped. */
    public boolean allows(Map<String, String> definitions) {
        return shipped.isEmpty() || shipped.stream().anyMatch(product ->
                attributes.stream().allMatch(a -> product.get(a).contains(String.valueOf(definitions.get(a)))));
    }

    /** The position of an argument; −1 if there is none of that name. */
    public int index(String argument) {
        for (int i = 0; i < arguments.size(); i++) {
            if (arguments.get(i).name().equals(argument)) {
                return i;
            }
        }
        return -1;
    }

    private static List<Map<String, List<String>>> shipped(Json json) {
        List<String> attributes = strings(json, "attributes");
        List<Map<String, List<String>>> products = new ArrayList<>();
        for (Json entry : json.find("shipped").map(Json::items).orElse(List.of())) {
            Map<String, List<String>> product = new LinkedHashMap<>();
            entry.members().forEach((name, values) -> product.put(name, values.items().stream()
                    .map(v -> v.isString() ? v.asString() : String.valueOf(v.asLong()))
                    .toList()));
            if (!product.keySet().equals(new LinkedHashSet<>(attributes))) {
                throw entry.error("must give each of the attributes " + attributes + " values");
            }
            products.add(product);
        }
        boolean compiled = json.find("devices").isEmpty() || strings(json, "devices").contains("GPU");
        return products.isEmpty() && attributes.isEmpty() && compiled ? List.of(Map.of()) : products;
    }

    private static Argument argument(Json json) {
        String text = json.asString().strip();
        int space = text.lastIndexOf(' ');
        if (space < 0) {
            throw json.error("expected a type and a name");
        }
        Argument a = new Argument(text.substring(0, space).strip(), text.substring(space + 1));
        if (!a.pointer() && !List.of("int", "long", "float").contains(a.type())) {
            throw json.error("a scalar is int, long or float, not " + a.type());
        }
        return a;
    }

    private static List<String> strings(Json json, String key) {
        return json.find(key).map(list -> list.items().stream().map(Json::asString).toList()).orElse(List.of());
    }

    private static List<Expression> formulas(Json json, String key) {
        return strings(json, key).stream().map(Expression::parse).toList();
    }
}
