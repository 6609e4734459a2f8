package example;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.image.Image;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Segments a picture with the network that comes with Kerf and checks that the JVM's flags did what they should. */
public final class Cells {
    /** Kept: loggers are held weakly. */
    private static final Logger KERF = Logger.getLogger("dev.kerf");

    private Cells() {}

    /** A picture, and {@code vectors} or {@code warning}: what is expected of this JVM. */
    public static void main(String[] args) {
        List<String> said = Collections.synchronizedList(new ArrayList<>());
        KERF.addHandler(new Handler() {
            @Override
            public void publish(LogRecord event) {
                said.add(event.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        try (Device device = Backends.open("cpu");
                Weights weights = Kerf.embeddedWeights();
                UNet net = UNet.load(device, weights)) {
            Segmentation result = net.segment(Image.read(Path.of(args[0])), SegmentOptions.of());
            LabelMap labels = result.labels();
            System.out.println(device.info().name() + ": " + labels.width() + "×" + labels.height() + " labels");
        }
        boolean warned = said.stream().anyMatch(s -> s.contains("--add-modules jdk.incubator.vector"));
        if (warned != args[1].equals("warning")) {
            throw new AssertionError("expected " + args[1] + ", and the log says " + said);
        }
    }
}
