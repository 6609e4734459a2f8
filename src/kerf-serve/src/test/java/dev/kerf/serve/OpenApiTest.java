package dev.kerf.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.json.Json;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The description says what is answered, no more and no less. */
class OpenApiTest {
    @TempDir
    private Path folder;

    @Test
    void everyAddressIsDescribed() {
        try (Device device = Backends.open("cpu");
                Weights weights = Kerf.embeddedWeights();
                UNet net = UNet.load(device, weights);
                Server server = Server.start(ServeOptions.of(folder), Networks.of(net))) {
            Json api = new Client(server).get("openapi.json").is(200).json();
            Set<String> described = new TreeSet<>();
            api.at("paths").members().forEach((path, methods) -> methods.members().keySet()
                    .forEach(m -> described.add(m.toUpperCase(Locale.ROOT) + " " + path)));
            Set<String> answered = new TreeSet<>();
            server.routes().stream()
                    .filter(r -> !Assets.NAMES.contains(r.path().substring(1)) || r.path().equals("/openapi.json"))
                    .forEach(r -> answered.add(r.method() + " " + r.path()));
            assertEquals(answered, described);
            references(api, api);
        }
    }

    /** A small page that needs nothing from elsewhere, and no script or style in the document. */
    @Test
    void thePageStandsAlone() {
        Assets assets = new Assets();
        long bytes = 0;
        for (String name : Assets.NAMES) {
            String text = new String(assets.file(name), StandardCharsets.UTF_8);
            bytes += assets.file(name).length;
            assertFalse(text.replace("http://www.w3.org/2000/svg", "").contains("://"), name);
            for (Matcher m = Pattern.compile("(?:from |import |src=|href=)\"([^\"]+)\"").matcher(text); m.find();) {
                assertTrue(Assets.NAMES.contains(m.group(1).replaceFirst("^\\./", "")), name + ": " + m.group(1));
            }
        }
        assertTrue(bytes < 300_000, bytes + " bytes");
        String page = new String(assets.file("index.html"), StandardCharsets.UTF_8);
        assertFalse(Pattern.compile("<style|style=|\\son\\w+=|<script(?! type=\"module\" src=)").matcher(page).find());
    }

    private static void references(Json api, Json at) {
        if (at.isArray()) {
            at.items().forEach(i -> references(api, i));
        } else if (at.isObject()) {
            at.members().forEach((name, value) -> {
                if (name.equals("$ref")) {
                    Json target = api;
                    for (String step : value.asString().substring(2).split("/")) {
                        assertTrue(target.find(step).isPresent(), value.asString());
                        target = target.at(step);
                    }
                }
                references(api, value);
            });
        }
    }
}
