package dev.kerf.backend.gpu.kernel;

import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.error.BadFileException;
import dev.kerf.graph.ImageLayout;
import dev.kerf.json.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * What {@code kernels/manifest/NAME.json} says of a kernel: arguments, launch geometry, parameters, costs. Formulas see all
 * integer arguments, parameters, numeric attributes, the sizes that the lowering states, how numbers are stored and
 * multiplied ({@code real}: bytes of a stored activation; {@code storage}: {@link dev.kerf.backend.Precision.Storage#code};
 * {@code tf32}: {@link dev.kerf.backend.Precision.Arithmetic#code}), and of the device {@code max_group}, {@code local_memory}, {@code compute_units},
 * {@code dynamic_local} (bytes of LOCAL memory that a group can get at launch), {@code typed_memory} (1 where kernels are
 * Java's, which TornadoVM compiles, or 0), {@code sm} (NVIDIA's architecture, 90 for
 * sm_90) and {@code isa} (ten times the latest PTX version that the driver takes, 80 for 8.0); 0 where there is no such thing.
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
 *   "variants": [{
 *     "name": "softmax_sm80", "what": "softmax with asynchronous copies",
 *     "dialect": "CUDA C++", "architecture": "sm_80", "precisions": ["float16"], "devices": ["GPU"], "when": "inner == 1",
 *     "parameters": {"STAGES": {"default": 2, "values": [2, 3]}},
 *     "global": ["outer * inner * 128"], "local": ["128"], "dynamic": "STAGES * 32768"
 *   }]
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
 * {@code "storages"} lists how a kernel's {@code real} may be stored: a variant as its {@code "precisions"} are or else as the kernel
 * that it is of, other kernels as {@code F32} alone where nothing is said. Where its results may be
 * float32 while its operands aren't, it has the attribute {@code WIDE}: 1 says that {@code y} is float, and {@code r}, which
 * is added to it. The attribute {@code NARROW}: 1 says that {@code x} is float while {@code y} has 16 bits.
 *
 * {@code "packing"} says how the kernel wants weights to lie, by argument: a layout that the lowering knows by name, with
 * its numbers as formulas.
 *
 * <pre>{@code "packing": {"w": {"layout": "panels", "tile": "TILE_M", "taps_inner": "0"}}}</pre>
 *
 * {@code "given"} says what arguments of its own a kernel is given beside operands and sizes, so that the lowering needn't know of
 * them: a number (which later formulas see, and which needn't be an argument), scratch memory of so many bytes, or so many ints that
 * are 0 before the first launch and that each launch leaves so.
 *
 * <pre>{@code
 *   "given": {"splits": {"number": "ceil_div(compute_units, N)"}, "partial": {"scratch": "4 * splits * N"},
 *             "arrived": {"zeros": "N"}}
 * }</pre>
 *
 * <p>A variant stands in its kernel's manifest, its name starts with the kernel's and {@code _}, and it inherits arguments,
 * attributes, packing, FLOPs and bytes; its arguments and attributes are added, all else that it says goes before. It says
 * its {@code "dialect"} ({@code both} by default), for CUDA C++ the {@code "architecture"} whose instructions it needs (sm_75 by
 * default: no older device, and no driver that doesn't know it, is ever given it), the {@code "precisions"} that it is for (all by
 * default; its code ships in these alone), how the {@code "images"} lie that it reads
 * ({@code channels_first} by default; variants for {@code channels_last} stand in for each other alone), the {@code "devices"} (kinds
 * on which it is chosen by itself; it runs
 * wherever its dialect does) and in {@code "when"} what sizes and device it needs. The first variant in the list that fits is
 * chosen, otherwise the kernel itself.
 *
 * @param name        the kernel's entry
 * @param dialect     what its source is written in
 * @param architecture the oldest that its code runs on
 * @param precisions  those that a variant is for; empty for all
 * @param what        one line
 * @param arguments   in order
 * @param attributes  definitions that the lowering fixes: an activation, an element type
 * @param storages    what {@code real} can be
 * @param shipped     products of the attributes' values; empty for a variant that isn't shipped compiled
 * @param parameters  definitions that are free to tune
 * @param constraints what parameters have to hold
 * @param global      work-items along each axis
 * @param local       work-items of a group along each axis
 * @param dynamic     bytes of LOCAL memory that a group gets at launch
 * @param packing     how weights lie, by argument; dense where nothing is said
 * @param given       what arguments are given beside operands and sizes, each seeing those before it
 * @param flops       arithmetic operations of a launch
 * @param bytes       bytes that a launch has to read and write at least
 * @param variants    kernels that may stand in for this one, the preferred first
 * @param variantOf   the kernel that this is a variant of, or empty
 * @param devices     kinds of device on which a variant is chosen
 * @param when        what sizes and device must hold for this kernel
 * @param images      how the images lie that it reads
 */
public record Manifest(
        String name, Dialect dialect, Architecture architecture, List<Precision> precisions, String what,
        List<Argument> arguments, List<String> attributes, List<Storage> storages,
        List<Map<String, List<String>>> shipped, Map<String, Parameter> parameters, List<Expression> constraints,
        List<Expression> global, List<Expression> local, Expression dynamic, Map<String, Layout> packing,
        Map<String, Given> given, Expression flops, Expression bytes, List<Manifest> variants, String variantOf,
        List<String> devices,
        Expression when, ImageLayout images) {
    private static final Map<String, Manifest> READ = new ConcurrentHashMap<>();
    private static final Map<String, Manifest> NAMED = new ConcurrentHashMap<>();
    private static final Expression NONE = Expression.parse("0");

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

    /**
     * How a weight lies.
     *
     * @param name    of the layout
     * @param numbers what it depends on
     */
    public record Layout(String name, Map<String, Expression> numbers) {}

    /**
     * What an argument is given that is neither an operand nor a size.
     *
     * @param as    what it is
     * @param value the number, bytes of scratch memory or how many zeros
     */
    public record Given(As as, Expression value) {
        /** What an argument can be given, named as in manifests. */
        public enum As {
            NUMBER, SCRATCH, ZEROS
        }
    }

    /** Copies the lists. */
    public Manifest {
        precisions = List.copyOf(precisions);
        arguments = List.copyOf(arguments);
        attributes = List.copyOf(attributes);
        storages = List.copyOf(storages);
        shipped = List.copyOf(shipped);
        variants = List.copyOf(variants);
    }

    /**
     * The manifest of a kernel or variant, that ships or is the user's ({@link KernelFiles}); read once.
     *
     * @throws BadFileException if there is none or it is malformed
     */
    public static Manifest of(String kernel) {
        return NAMED.computeIfAbsent(kernel, Manifest::find);
    }

    /**
     * Whether there is a kernel or variant of that name.
     *
     * @throws BadFileException if the manifest that would have it is malformed
     */
    public static boolean known(String kernel) {
        String base = KernelFiles.kernelOf(kernel);
        return !base.isEmpty()
                && (base.equals(kernel) || of(base).variants.stream().anyMatch(v -> v.name.equals(kernel)));
    }

    private static Manifest find(String kernel) {
        String base = KernelFiles.kernelOf(kernel);
        if (base.isEmpty()) {
            throw new BadFileException("kernels/manifest/" + kernel + ".json is not in the program");
        }
        String file = "manifest/" + base + ".json";
        Manifest m = READ.computeIfAbsent(base,
                k -> parse(k, Json.parse(KernelFiles.read(file), KernelFiles.name(file)), KernelFiles.variants(k)));
        return Stream.concat(Stream.of(m), m.variants.stream())
                .filter(k -> k.name.equals(kernel))
                .findFirst()
                .orElseThrow(() -> new BadFileException(KernelFiles.name(file) + " has no variant " + kernel));
    }

    /** Its source under {@code kernels/}. */
    public String file() {
        return dialect.file(name);
    }

    /** A text file under {@code kernels/}. */
    public static String resource(String path) {
        return KernelFiles.read(path);
    }

    /** Reads a manifest with its variants. */
    public static Manifest parse(String kernel, Json json) {
        return parse(kernel, json, Map.of());
    }

    /** Reads a manifest with its variants, and more that go before them. */
    private static Manifest parse(String kernel, Json json, Map<String, Json> more) {
        Manifest m = parse(kernel, json, (Manifest) null);
        if (!json.at("file").asString().equals(m.file())) {
            throw json.at("file").error("expected " + m.file());
        }
        List<Manifest> variants = new ArrayList<>();
        more.forEach((name, v) -> variants.add(parse(name, v, m)));
        for (Json v : json.find("variants").map(Json::items).orElse(List.of())) {
            String name = v.at("name").asString();
            if (!name.startsWith(kernel + "_")) {
                throw v.at("name").error("the name of a variant of " + kernel + " starts with " + kernel + "_");
            }
            variants.add(parse(name, v, m));
        }
        return new Manifest(m.name, m.dialect, m.architecture, m.precisions, m.what, m.arguments, m.attributes, m.storages,
                m.shipped, m.parameters, m.constraints,
                m.global, m.local, m.dynamic, m.packing, m.given, m.flops, m.bytes, variants, "", m.devices, m.when,
                m.images);
    }

    /** A kernel or, if {@code base} isn't null, a variant of it. */
    private static Manifest parse(String kernel, Json json, Manifest base) {
        Dialect dialect = named(json, "dialect", Dialect.values()).findFirst().orElse(Dialect.BOTH);
        if (dialect != Dialect.CUDA && json.find("architecture").isPresent()) {
            throw json.at("architecture").error("only " + Dialect.CUDA + " is made for an architecture");
        }
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        json.find("parameters").ifPresent(all -> all.members().forEach((name, p) -> {
            List<Long> values = p.at("values").items().stream().map(Json::asLong).toList();
            if (!values.contains(p.at("default").asLong())) {
                throw p.error("the default is not among the values");
            }
            parameters.put(name, new Parameter(p.at("default").asLong(), values));
        }));
        List<Argument> arguments = new ArrayList<>(base == null ? List.of() : base.arguments);
        (base == null ? json.at("arguments").items() : json.find("arguments").map(Json::items).orElse(List.of()))
                .forEach(a -> arguments.add(argument(a)));
        List<String> attributes = new ArrayList<>(base == null ? List.of() : base.attributes);
        strings(json, "attributes").stream().filter(a -> !attributes.contains(a)).forEach(attributes::add);
        List<Precision> precisions = named(json, "precisions", Precision.values()).toList();
        List<Storage> storages = json.find("storages").isPresent()
                ? named(json, "storages", Storage.values()).toList()
                : !precisions.isEmpty()
                        ? precisions.stream().map(Precision::storage).distinct().toList()
                        : base == null
                                ? List.of(Storage.F32)
                                : base.storages;
        List<String> devices = strings(json, "devices");
        boolean compiled = dialect != Dialect.OPENCL && (devices.isEmpty() || devices.contains("GPU"));
        List<Map<String, List<String>>> shipped = shipped(json, attributes);
        if (shipped.isEmpty() && compiled && base != null && attributes.equals(base.attributes)) {
            shipped = base.shipped;
        } else if (shipped.isEmpty() && compiled && attributes.isEmpty()) {
            shipped = List.of(Map.of());
        }
        Map<String, Layout> packing = new LinkedHashMap<>(base == null ? Map.of() : base.packing);
        json.find("packing").ifPresent(all -> all.members().forEach((name, layout) -> packing.put(name, layout(layout))));
        Expression dynamic = json.find("dynamic").map(e -> Expression.parse(e.asString())).orElse(NONE);
        if (dynamic != NONE && dialect != Dialect.CUDA) {
            throw json.at("dynamic").error("only " + Dialect.CUDA + " gets memory at launch");
        }
        List<Expression> constraints = new ArrayList<>(formulas(json, "constraints"));
        json.find("dynamic").ifPresent(e -> constraints.add(Expression.parse("(" + e.asString() + ") <= dynamic_local")));
        Manifest m = new Manifest(
                kernel, dialect, named(json, "architecture", Architecture.values()).findFirst().orElse(Architecture.SM_75),
                precisions, json.at("what").asString(), arguments, attributes, storages, shipped, parameters, constraints,
                formulas(json, "global"), formulas(json, "local"), dynamic, packing, given(json),
                base != null && json.find("flops").isEmpty() ? base.flops : Expression.parse(json.at("flops").asString()),
                base != null && json.find("bytes").isEmpty() ? base.bytes : Expression.parse(json.at("bytes").asString()),
                List.of(), base == null ? "" : base.name, devices,
                Expression.parse(json.find("when").map(Json::asString).orElse("1")),
                named(json, "images", ImageLayout.values()).findFirst().orElse(ImageLayout.CHANNELS_FIRST));
        if (m.global.isEmpty() || m.global.size() > 3 || m.global.size() != m.local.size()) {
            throw json.at("global").error("needs 1 to 3 axes, and local as many");
        }
        return m;
    }

    /** What a key names, by a word or a list of them, among values as they write themselves; nothing where it isn't there. */
    private static <T> Stream<T> named(Json json, String key, T[] values) {
        return json.find(key).stream().flatMap(k -> k.isString() ? Stream.of(k) : k.items().stream()).map(word -> Arrays
                .stream(values)
                .filter(v -> v.toString().equals(word.asString()))
                .findFirst()
                .orElseThrow(() -> word.error("expected one of " + Arrays.toString(values))));
    }

    private static Map<String, Given> given(Json json) {
        Map<String, Given> all = new LinkedHashMap<>();
        json.find("given").ifPresent(g -> g.members().forEach((name, value) -> {
            for (Given.As as : Given.As.values()) {
                value.find(as.name().toLowerCase(Locale.ROOT))
                        .ifPresent(formula -> all.put(name, new Given(as, Expression.parse(formula.asString()))));
            }
            if (!all.containsKey(name)) {
                throw value.error("expected one of " + Arrays.toString(Given.As.values()).toLowerCase(Locale.ROOT));
            }
        }));
        return all;
    }

    private static Layout layout(Json json) {
        Map<String, Expression> numbers = new LinkedHashMap<>();
        json.members().forEach((name, value) -> {
            if (!name.equals("layout")) {
                numbers.put(name, Expression.parse(value.asString()));
            }
        });
        return new Layout(json.at("layout").asString(), numbers);
    }

    /**
     * Whether it is for a device and a precision at all, whatever the sizes.
     *
     * @param sm  the device's architecture, 90 for sm_90; 0 if it isn't NVIDIA's
     * @param isa ten times the latest PTX version that its driver takes
     */
    public boolean serves(int sm, int isa, Precision precision) {
        return (architecture == Architecture.SM_75 || architecture.runs(sm, isa))
                && (precisions.isEmpty() || precisions.contains(precision));
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
        return shipped.isEmpty() || shipped.stream().anyMatch(
                product -> attributes.stream().allMatch(a -> product.get(a).contains(String.valueOf(definitions.get(a)))));
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

    private static List<Map<String, List<String>>> shipped(Json json, List<String> attributes) {
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
        return products;
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
