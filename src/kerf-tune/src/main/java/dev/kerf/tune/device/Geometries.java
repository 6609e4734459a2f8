package dev.kerf.tune.device;

import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.backend.gpu.kernel.Manifest.Given;
import dev.kerf.json.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How a kernel is launched with some parameters, as T4 says it. */
final class Geometries {
    private static final String[] AXES = {"x", "y", "z"};

    private Geometries() {}

    /** {@code global_size} and {@code local_size} of a problem's kernel with a configuration. */
    static Map<String, Json> of(Problem problem, Map<String, Json> configuration) {
        Manifest kernel = Manifest.of(problem.variant());
        Map<String, Long> names = new LinkedHashMap<>(problem.known());
        names.putAll(problem.parameters());
        configuration.forEach((name, value) -> names.put(name, value.asLong()));
        kernel.given().forEach((name, given) -> {
            if (given.as() == Given.As.NUMBER) {
                names.put(name, given.value().value(names));
            }
        });
        Map<String, Json> all = new LinkedHashMap<>();
        all.put("global_size", sizes(kernel.global(), names));
        all.put("local_size", sizes(kernel.local(), names));
        return all;
    }

    private static Json sizes(List<Expression> formulas, Map<String, Long> names) {
        Json sizes = Json.object();
        for (int i = 0; i < AXES.length; i++) {
            sizes.put(AXES[i], i < formulas.size() ? formulas.get(i).value(names) : 1);
        }
        return sizes;
    }
}
