package dev.kerf.cli.tune;

import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.TunedParameters;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.cli.console.Console;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;

/** Which files of tuned parameters a device looks for, and which it read. */
final class TunedFiles {
    private TunedFiles() {}

    static void show(Device device, Console console, boolean json) {
        if (!(device instanceof GpuDevice gpu)) {
            throw new BadInputException(device.info().id() + " takes no tuned parameters: ask for opencl, cuda or another");
        }
        Driver.Facts facts = gpu.driver().facts();
        TunedParameters tuned = TunedParameters.of(facts);
        if (json) {
            Json files = Json.array();
            tuned.looked().forEach(t -> files.add(Json.object().put("file", t.file()).put("read", t.found())));
            console.out().print(Json.object().put("device", facts.info().id()).put("device_name", facts.info().name())
                    .put("architecture", facts.architecture()).put("vendor", facts.info().vendor())
                    .put("user_directory", TunedParameters.userDirectory().toString()).put("files", files).pretty() + "\n");
            return;
        }
        console.out().print(facts.info().id() + ": " + facts.info().name() + ", vendor " + facts.info().vendor()
                + (facts.architecture().isEmpty() ? "" : ", architecture " + facts.architecture()) + "\n"
                + "A file is named for a device, an architecture, a vendor (in full, then its first word) or 'default', in lower\n"
                + "case and with _ for all that is no letter or digit. The first of these that knows a kernel for the sizes at hand\n"
                + "decides; yours, in " + TunedParameters.userDirectory() + ", go before those shipped.\n");
        tuned.looked().forEach(t -> console.out().print((t.found() ? "  read    " : "  absent  ") + t.file() + "\n"));
    }
}
