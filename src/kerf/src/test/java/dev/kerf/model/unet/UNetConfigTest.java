package dev.kerf.model.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadWeightsException;
import dev.kerf.model.unet.UNetConfig.InputStatistics;
import dev.kerf.model.unet.UNetConfig.Norm;
import dev.kerf.model.unet.UNetConfig.UpSampling;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UNetConfigTest {
    @Test
    void milesialWithTransposedConvolutions() {
        UNetConfig c = UNetConfig.of(SmallUNets.milesial(3, 2, List.of(4, 8, 16), false).build());
        assertEquals(3, c.inputChannels());
        assertEquals(List.of(4, 8, 16), c.widths());
        assertEquals(UpSampling.TRANSPOSED, c.upSampling());
        assertEquals(new Norm.Batch(1e-5), c.norm());
        assertEquals(new InputStatistics.None(), c.statistics());
        assertEquals(List.of("class 0", "class 1"), c.classNames());
        assertTrue(c.names().skipFirst());
    }

    @Test
    void milesialWithBilinearUpSampling() {
        UNetConfig c = UNetConfig.of(SmallUNets.milesial(1, 1, List.of(4, 8, 8), true).build());
        assertEquals(UpSampling.BILINEAR, c.upSampling());
        assertEquals(List.of(4, 8, 8), c.widths());
        assertEquals(2, c.classNames().size(), "one logit tells two classes apart");
    }

    @Test
    void encoderBottomDecoderNames() {
        UNetConfig c = UNetConfig.of(SmallUNets.plain(1, 5, List.of(4, 8, 16, 32)).build());
        assertEquals(3, c.depth());
        assertEquals(new InputStatistics.PerImage(), c.statistics());
        assertFalse(c.names().skipFirst());
        assertEquals("enc2", c.names().encoderStage(1));
        assertEquals("bottom", c.names().encoderStage(3));
        assertEquals("dec3", c.names().decoderStage(2));
    }

    @Test
    void metadataSaysWhatTensorsCannot() {
        UNetConfig c = UNetConfig.of(SmallUNets.milesial(3, 2, List.of(4, 8), false)
                .with(Map.of("kerf.classes", "[\"sky\",\"road\"]", "kerf.name", "drive", "kerf.input.normalise", "fixed",
                        "kerf.input.mean", "[0.1,0.2,0.3]", "kerf.input.std", "[1,2,3]", "kerf.norm.eps", "0.001"))
                .build());
        assertEquals(List.of("sky", "road"), c.classNames());
        assertEquals("drive", c.name());
        assertEquals(new InputStatistics.Fixed(List.of(0.1, 0.2, 0.3), List.of(1.0, 2.0, 3.0)), c.statistics());
        assertEquals(new Norm.Batch(0.001), c.norm());
    }

    @Test
    void metadataThatContradictsTheTensorsIsRefused() {
        assertRefused(Map.of("kerf.model", "maskrcnn"), "maskrcnn");
        assertRefused(Map.of("kerf.up", "bilinear"), "kerf.up");
        assertRefused(Map.of("kerf.norm", "none"), "kerf.norm");
        assertRefused(Map.of("kerf.input.channels", "1"), "kerf.input.channels");
        assertRefused(Map.of("kerf.classes", "[\"one\"]"), "1 classes");
        assertRefused(Map.of("kerf.input.normalise", "mean"), "kerf.input.normalise");
        assertRefused(Map.of("kerf.input.normalise", "fixed", "kerf.input.mean", "[1]"), "kerf.input.mean");
        assertRefused(Map.of("kerf.norm.eps", "tiny"), "kerf.norm.eps");
    }

    private static void assertRefused(Map<String, String> metadata, String naming) {
        Weights w = SmallUNets.milesial(3, 2, List.of(4, 8), false).with(metadata).build();
        String message = assertThrows(BadWeightsException.class, () -> UNetConfig.of(w)).getMessage();
        assertTrue(message.contains(naming), message);
    }

    @Test
    void kernelsThatDontFitAreRefusedByName() {
        for (String tensor : List.of("inc.double_conv.0.weight", "up2.up.weight")) {
            long[] dims = tensor.startsWith("inc") ? new long[] {4, 3, 2, 3} : new long[] {8, 4, 3, 3};
            Weights w = SmallUNets.milesial(3, 2, List.of(4, 8, 16), false).and(tensor, dims).build();
            String message = assertThrows(BadWeightsException.class, () -> UNetConfig.of(w)).getMessage();
            assertTrue(message.contains(tensor) && message.contains("expected"), message);
        }
    }

    @Test
    void somethingElseIsRefusedNamingWhatIsKnown() {
        Weights w = Weights.of(Map.of("backbone.conv1.weight", dev.kerf.tensor.HostTensor.zeros(
                dev.kerf.tensor.DType.F32, dev.kerf.tensor.Shape.of(1))));
        String message = assertThrows(BadWeightsException.class, () -> UNetConfig.of(w)).getMessage();
        assertTrue(message.contains("milesial") && message.contains("backbone.conv1.weight"), message);
    }
}
