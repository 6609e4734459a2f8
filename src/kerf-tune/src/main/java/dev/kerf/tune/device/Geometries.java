package dev.kerf.tune.device;

import dev.kerf.backend.gpu.kernel.Dialect;
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

    /**
     * {@code global_size} and {@code local_size} of a problem's kernel with a configuration.
     *
     * @param compiler whose: the first is work-items for OpenCL, groups for CUDA
     */
    static Map<String, Json> of(Problem problem, Map<String, Json> configuration, Dialect compiler) {
        Manifest kernel = Manifest.of(problem.variant());
        Map<String, Long> names = new LinkedHashMap<>(problem.known());
        names.putAll(problem.parameters());
        configuration.forEach((name, value) -> names.put(name, value.asLong()));
        kernel.given().forEach((name, given) -> {
            if (given.as() == Given.As.NUMBER) {
                names.put(name, given.value().value(names));
            }
        });
        Json global = Json.object();
        Json local = Json.object();
        for (int i = 0; i < AXES.length; i++) {
            long items = size(kernel.global(), i, names);
            long group = size(kernel.local(), i, names);
            global.put(AXES[i], compiler == Dialect.CUDA ? items / group : items);
            local.put(AXES[i], group);
        }
        Map<String, Json> all = new LinkedHashMap<>();
        all.put("global_size", global);
        all.put("local_size", local);
        return all;
    }

    private static long size(List<Expression> formulas, int axis, Map<String, Long> names) {
        return axis < formulas.size() ? formulas.get(axis).value(names) : 1;
    }
}
