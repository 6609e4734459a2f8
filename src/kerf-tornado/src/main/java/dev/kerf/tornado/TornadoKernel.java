package dev.kerf.tornado;

import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.UnsupportedOpException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A kernel with its attributes and parameters. TornadoVM compiles it in each plan anew.
 *
 * @param manifest    what it is
 * @param definitions attributes and parameters
 * @param code        makes its tasks
 */
record TornadoKernel(Manifest manifest, Map<String, String> definitions, JavaKernel code) implements Driver.Kernel {
    private static final String PACKAGE = TornadoKernel.class.getPackageName() + ".kernel.";
    private static final List<String> FAMILIES = List.of("dense", "elementwise", "frame", "measure", "move", "reduce", "select",
            "spatial");

    /**
     * The kernel of a name, {@code layer_norm} being the class {@code LayerNorm} in a family's package.
     *
     * @throws UnsupportedOpException if there is no such class
     */
    static TornadoKernel of(String name, Map<String, String> definitions) {
        String single = String.valueOf(Storage.F32.code());
        if (!definitions.getOrDefault(KernelSource.STORAGE, single).equals(single)) {
            throw new UnsupportedOpException("tornado has no kernel " + name + " but with float32 storage");
        }
        String type = Arrays.stream(name.split("_"))
                .map(word -> Character.toUpperCase(word.charAt(0)) + word.substring(1))
                .collect(Collectors.joining());
        try {
            JavaKernel code = (JavaKernel) find(type).getConstructor().newInstance();
            return new TornadoKernel(Manifest.of(name), Map.copyOf(definitions), code);
        } catch (ReflectiveOperationException e) {
            throw new UnsupportedOpException("tornado has no kernel " + name + " (no class " + type + " among "
                    + FAMILIES + ")", e);
        }
    }

    private static Class<?> find(String type) throws ClassNotFoundException {
        for (String family : FAMILIES) {
            try {
                return Class.forName(PACKAGE + family + "." + type);
            } catch (ClassNotFoundException e) {
                // Perhaps of another family.
            }
        }
        throw new ClassNotFoundException(type);
    }

    @Override
    public String name() {
        return manifest.name();
    }
}
