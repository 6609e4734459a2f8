package dev.kerf.model.unet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class UNetBatchTest {
    /** Each image of a batch comes out as it does alone. */
    @ParameterizedTest
    @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
    void imagesOfABatchKeepApart(String id) {
        try (Device device = Backends.open(id);
                Weights file = SmallUNets.milesial(3, 2, List.of(4, 8), false).build();
                DeviceWeights weights = device.load(file)) {
            float[] pixels = new float[3 * 3 * 16 * 24];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (float) Math.abs(Math.sin(i * 0.37));
            }
            float[] together = logits(device, file, weights, 3, pixels);
            for (int i = 0; i < 3; i++) {
                float[] alone = logits(device, file, weights, 1, Arrays.copyOfRange(pixels, i * 1152, (i + 1) * 1152));
                assertArrayEquals(alone, Arrays.copyOfRange(together, i * 768, (i + 1) * 768), 1e-5f, "image " + i);
            }
        }
    }

    private static float[] logits(Device device, Weights file, DeviceWeights weights, int batch, float[] pixels) {
        try (Executable e = device.compile(UNet.graph(file, batch, 16, 24), weights,
                CompileOptions.of())) {
            assertEquals(TensorType.f32(batch, 3, 16, 24), e.input("image").type());
            assertEquals(TensorType.of(DType.U8, batch, 16, 24), e.output("labels").type());
            e.input("image").upload(HostTensor.of(e.input("image").type().shape(), pixels).data());
            e.run();
            return e.output("logits").toHost().toFloatArray();
        }
    }
}
