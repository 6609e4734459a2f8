package dev.kerf.backend.gpu;

import static dev.kerf.backend.gpu.Parity.random;
import static dev.kerf.backend.gpu.Parity.randomIntegers;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.gpu.Parity.Case;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.Op;
import dev.kerf.image.Nv12;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Kernels that count masks and make images of pixels: every variant and group size, chosen on this device or not. */
class CountingKernelsTest {
    private static final String DEVICES = "dev.kerf.backend.gpu.Parity#devices";

    private static Case confusion(int classes, DType truth, DType predicted, int pixels) {
        return Case.of(new MeasureOp.Confusion(classes, 1), randomIntegers(1, truth, classes + 1, 2, pixels),
                randomIntegers(2, predicted, classes + 1, 2, pixels));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void confusionByEitherVariant(String id) {
        for (String variant : List.of("confusion", "confusion_cpu")) {
            if (!Parity.available(id, variant, Map.of())) {
                continue;
            }
            try (GpuDevice device = Parity.open(id, new Target.Forced(Map.of("confusion", variant), Map.of()))) {
                Parity.check(device, confusion(3, DType.U8, DType.I32, 70_001), CompileOptions.of(), 0, 0);
                Parity.check(device, confusion(30, DType.I32, DType.U8, 5000), CompileOptions.of(), 0, 0);
                // More bins than a group keeps to itself.
                Parity.check(device, confusion(90, DType.U8, DType.U8, 5000), CompileOptions.of(), 0, 0);
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void groupsOfEverySize(String id) {
        for (long group : new long[] {32, 64, 256}) {
            Map<String, Map<String, Long>> parameters = new LinkedHashMap<>();
            for (String kernel : List.of("mask_pack", "overlap", "overlap_total", "confusion", "confusion_total",
                    "components", "from_pixels", "from_nv12", "image_sum", "image_statistics", "standardise")) {
                if (Parity.available(id, kernel, Map.of("GROUP", group))) {
                    parameters.put(kernel, Map.of("GROUP", group));
                }
            }
            try (GpuDevice device = Parity.open(id, new Target.Forced(Map.of("confusion", "confusion"), parameters))) {
                everything(device);
            }
        }
    }

    private static void everything(GpuDevice device) {
        MaskForm bytes = new MaskForm.Bytes();
        Parity.check(device, Case.of(new MeasureOp.Overlap(bytes, new MaskForm.Logits(1), 7001, true),
                randomIntegers(1, DType.U8, 2, 5, 7001), random(2, 6, 7001), randomIntegers(3, DType.U8, 2, 7001)),
                CompileOptions.of(), 0, 0);
        Parity.check(device, confusion(4, DType.U8, DType.U8, 3333), CompileOptions.of(), 0, 0);
        Parity.check(device, Case.of(new MeasureOp.Components(8), randomIntegers(8, DType.U8, 2, 2, 131, 67)),
                CompileOptions.of(), 0, 0);
        HostTensor pixels = randomIntegers(4, DType.U16, 65_536, 2, 17, 19, 3);
        Parity.check(device, Case.of(new FrameOp.FromPixels(List.of(2, 1, 0), true), pixels), CompileOptions.of(), 1, 0);
        HostTensor frames = randomIntegers(5, DType.U8, 256, 2, 15, 14);
        // Five roundings of numbers below 4.
        Op fromNv12 = new FrameOp.FromNv12(Nv12.Matrix.BT709_LIMITED);
        Parity.check(device, Case.of(fromNv12, frames), CompileOptions.of(), 5, 4);
        HostTensor x = random(6, 2, 3, 101, 83);
        Parity.check(device, Case.of(new FrameOp.ImageStatistics(), x), CompileOptions.of(), 2, 0);
        Parity.check(device, Case.of(new FrameOp.Standardise(), x, random(7, 2, 3, 2)), CompileOptions.of(), 6, 0);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void imagesInHalfPrecision(String id) {
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            HostTensor pixels = randomIntegers(8, DType.U8, 256, 1, 9, 11, 3);
            Parity.check(device, Case.of(new FrameOp.FromPixels(List.of(0, 1, 2), false), pixels), 1, 0);
            Parity.check(device, Case.of(new FrameOp.FromNv12(Nv12.Matrix.BT601_FULL),
                    randomIntegers(9, DType.U8, 256, 1, 6, 6)), 5, 4);
            Parity.check(device, Case.of(new FrameOp.ImageStatistics(), random(10, 1, 2, 64, 33)), 2, 0);
            Parity.check(device, Case.of(new FrameOp.Standardise(), random(11, 2, 3, 8, 9), random(12, 1, 3, 2)), 6, 0);
        }
    }
}
