package dev.kerf.cli;

import dev.kerf.backend.Backend;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Text;
import dev.kerf.error.KerfException;
import dev.kerf.json.Json;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code kerf devices}: what there is to compute on, and why the rest can't start. */
@Command(name = "devices", mixinStandardHelpOptions = true, description = "Lists each back end's devices, or the reason why it can't start.")
final class DevicesCommand implements Callable<Integer> {
    private final Console console;

    @Option(names = "--json", description = "Writes JSON.")
    private boolean json;

    @Option(names = "--all", description = "Lists back ends too that are taken only by name, such as the PTX interpreter.")
    private boolean all;

    DevicesCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Json found = Json.array();
        for (Backend b : Backends.all()) {
            if (b.priority() < 0 && !all) {
                continue;
            }
            try {
                List<Device.Info> devices = b.devices();
                if (json) {
                    Json its = Json.array();
                    devices.forEach(d -> its.add(toJson(d)));
                    found.add(Json.object().put("name", b.name()).put("available", true).put("devices", its));
                } else {
                    devices.forEach(this::print);
                }
            } catch (KerfException e) {
                if (json) {
                    found.add(Json.object().put("name", b.name()).put("available", false)
                            .put("reason", e.getMessage()).put("devices", Json.array()));
                } else {
                    console.out().println(b.name() + "  can't start: " + e.getMessage());
                }
            }
        }
        if (json) {
            console.out().println(Json.object().put("backends", found).pretty());
        }
        return ExitCode.OK;
    }

    private void print(Device.Info d) {
        console.out().println(d.id() + "  " + d.name() + " (" + d.kind() + ")");
        line("vendor", d.vendor());
        line("driver", d.driver());
        line("memory", Text.bytes(d.memoryBytes()) + ", at most " + Text.bytes(d.maxAllocationBytes()) + " in one piece");
        line("units", Integer.toString(d.computeUnits()));
        line("precisions", String.join(", ", precisions(d)));
    }

    private void line(String key, String value) {
        console.out().println("    " + Text.padded(key, 12) + value);
    }

    private static List<String> precisions(Device.Info d) {
        return d.precisions().stream().map(Object::toString).toList();
    }

    private static Json toJson(Device.Info d) {
        return Json.object().put("id", d.id()).put("kind", d.kind().name().toLowerCase(Locale.ROOT)).put("name", d.name())
                .put("vendor", d.vendor()).put("driver", d.driver()).put("memory_bytes", d.memoryBytes())
                .put("max_allocation_bytes", d.maxAllocationBytes()).put("compute_units", d.computeUnits())
                .put("precisions", precisions(d));
    }
}
