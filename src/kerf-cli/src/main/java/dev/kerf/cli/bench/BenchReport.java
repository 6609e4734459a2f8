package dev.kerf.cli.bench;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** What a bench found, with what it was found on, as JSON and as Markdown. */
final class BenchReport {
    private final Device.Info device;
    private final DeviceFloors floors;
    private final Json networks = Json.array();
    private final Json kernels = Json.array();
    private final Json left = Json.array();
    private final List<String> rows = new ArrayList<>();
    private final List<String> sections = new ArrayList<>();

    /** @param floors null where they aren't known */
    BenchReport(Device.Info device, DeviceFloors floors) {
        this.device = device;
        this.floors = floors;
    }

    /** A network's latency, and its nodes. */
    void network(String name, PictureSize size, int batch, Precision precision, Latency l, KernelTimes nodes) {
        String p = text(precision);
        networks.add(Json.object().put("network", name).put("size", size.toString()).put("batch", batch).put("precision", p)
                .put("latency", l.json()).put("nodes_us", nodes.seconds() * 1e6).put("nodes", nodes.json()));
        rows.add("| " + name + " | " + size + " | " + batch + " | " + p + " | " + l.total().nanos().length + " | "
                + l.total().text() + " | "
                + l.enqueue().text() + " | " + l.submit().text() + " | " + l.upload().text() + " | " + l.compute().text()
                + " | " + l.download().text() + " |");
        sections.add("\n## " + name + " " + size + ", batch " + batch + ", " + p + ": its nodes\n");
        sections.addAll(nodes.table());
    }

    /** Single ops. */
    void kernels(Precision precision, KernelTimes times) {
        kernels.add(Json.object().put("precision", text(precision)).put("rows", times.json()));
        sections.add("\n## Kernels by themselves, " + text(precision) + "\n");
        sections.add((precision.storage() != Storage.F32
                ? "Converting the result back to float32 is counted, converting inputs isn't. "
                : "") + "More than 100 %: what fits into caches needs no memory.\n");
        sections.addAll(times.table());
    }

    /** What was asked for and not measured. */
    void leftOut(String what) {
        left.add(what);
    }

    /** Writes NAME.json and NAME.md. */
    void write(Path folder, String name) {
        save(folder.resolve(name + ".json"), json().pretty() + "\n");
        save(folder.resolve(name + ".md"), markdown());
    }

    private static void save(Path file, String text) {
        AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    private Json json() {
        return Json.object().put("kerf", Version.text()).put("java", Runtime.version().toString())
                .put("system", system()).put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString())
                .put("backend", device.backend()).put("device", device.name()).put("driver", device.driver())
                .put("compute_units", device.computeUnits())
                .put("copy_bytes_per_s", Json.of(floors == null ? null : floors.copyBytesPerSecond()))
                .put("flops_per_s", Json.of(floors == null ? null : floors.flopsPerSecond()))
                .put("networks", networks).put("kernels", kernels).put("left_out", left);
    }

    private static String system() {
        return System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch");
    }

    String markdown() {
        List<String> all = new ArrayList<>();
        all.add("# " + device.id() + ": " + device.name() + "\n");
        all.add("- Kerf " + Version.text() + ", Java " + Runtime.version() + ", " + system());
        all.add("- driver: " + device.driver());
        all.add(floors == null
                ? "- copy bandwidth and arithmetic rate: not measured on this back end"
                : "- measured in the same run: copying " + Text.fixed(floors.copyBytesPerSecond() / 1e9, 1)
                        + " GB/s (read and written), float32 multiply-adds " + Text.fixed(floors.flopsPerSecond() / 1e9, 0)
                        + " GFLOP/s");
        left.items().forEach(l -> all.add("- left out: " + l.asString()));
        if (!rows.isEmpty()) {
            all.add("\n## Networks, from inputs in the host's memory to what they find there\n");
            all.add("p50 / p99 / p99.9 in microseconds; – where there were too few runs. Total: uploads, run and downloads in one "
                    + "stream, waited for once; of it the host's time until all are in the stream (enqueue), and until "
                    + "the run is (submit). Upload, compute, download: each by itself and waited for. Labels are downloaded "
                    + "where a network makes them, else all its outputs.\n");
            all.add("| network | size | batch | storage | runs | total | enqueue | submit | upload | compute | download |");
            all.add("|---|---|--:|---|--:|--:|--:|--:|--:|--:|--:|");
            all.addAll(rows);
        }
        all.addAll(sections);
        return String.join("\n", all) + "\n";
    }

    private static String text(Precision p) {
        return p.toString();
    }
}
