package dev.kerf.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Limit;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.image.Image;
import dev.kerf.image.Nv12;
import dev.kerf.image.Picture;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.metrics.ConfusionMatrix;
import dev.kerf.metrics.Overlap;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.sam2.MaskGenerator;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.network.PromptGraphs;
import dev.kerf.model.sam2.network.Sam2Graphs;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** A value that is out of range is an error of the one family, which says what the value was. */
class WrongOptionsTest {
    private final Map<Supplier<Object>, String> wrong = new LinkedHashMap<>();

    private void refused(String says, Supplier<Object> make) {
        wrong.put(make, says);
    }

    @Test
    void wrongValuesAreBadInput() {
        refused("-1 plans", () -> ModelOptions.of().plans(-1));
        refused("-5 bytes", () -> ModelOptions.of().memoryLimit(-5));
        refused("-5 bytes", () -> CompileOptions.of().memoryLimit(-5));
        refused("0 threads", () -> CpuOptions.of().threads(0));
        refused("PT-1S", () -> Limit.within(Duration.ofSeconds(-1)));
        refused("tile -2", () -> SegmentOptions.of().tile(-2));
        refused("scale 0.0", () -> SegmentOptions.of().scale(0));
        refused("scale NaN", () -> SegmentOptions.of().scale(Double.NaN));
        refused("score 1.5", () -> DetectOptions.of().score(1.5f));
        refused("score NaN", () -> DetectOptions.of().score(Float.NaN));
        refused("overlap -1.0", () -> DetectOptions.of().overlap(-1));
        refused("not 0, 1000", () -> DetectOptions.of().most(0));
        refused("not 100, 0", () -> DetectOptions.of().proposals(0));
        refused("sizes 0 and 10", () -> DetectOptions.of().size(0, 10));
        refused("sizes 20 and 10", () -> DetectOptions.of().size(20, 10));
        refused("sizes 800 and 2000000000: 1 to 8192", () -> DetectOptions.of().size(800, 2_000_000_000));
        refused("0 points a side", () -> MaskGenerator.Settings.of().pointsPerSide(0));
        refused("4 layers", () -> MaskGenerator.Settings.of().cropLayers(4));
        refused("thresholds", () -> MaskGenerator.Settings.of().thresholds(Double.NaN, 0));
        refused("thresholds", () -> MaskGenerator.Settings.of().boxIou(0));
        refused("least region -1", () -> MaskGenerator.Settings.of().minRegionArea(-1));
        refused("scribble", () -> Prompt.scribble(List.of()));
        refused("0 prompts", () -> new PromptGraphs.DecoderRequest(0, 2, false, false));
        refused("0x4", () -> new Picture.Form(0, 4, PixelFormat.RGB8));
        refused("5x4", () -> new Picture.Form(5, 4, Nv12.Matrix.BT601_FULL));
        refused("stride 3", () -> new Nv12(4, 4, Nv12.Matrix.BT601_FULL, 3, MemorySegment.ofArray(new byte[24])));
        refused("takes more bytes than the segment's 23",
                () -> new Nv12(4, 4, Nv12.Matrix.BT601_FULL, 4, MemorySegment.ofArray(new byte[23])));
        refused("stride 11", () -> new Image(4, 4, PixelFormat.RGB8, 11, MemorySegment.ofArray(new byte[48])));
        refused("takes more bytes than the segment's 47", () -> Image.of(4, 4, PixelFormat.RGB8, new byte[47]));
        refused("-1x4", () -> Image.blank(-1, 4, PixelFormat.RGB8));
        refused("-1x-1", () -> Mask.empty(-1, -1));
        refused("2 bytes", () -> Mask.of(1, 1, new byte[2]));
        refused("(3, 0)", () -> {
            Mask.empty(2, 2).set(3, 0, true);
            return null;
        });
        refused("F32", () -> new LabelMap(HostTensor.zeros(DType.F32, Shape.of(2, 2))));
        refused("class 2", () -> ConfusionMatrix.empty(2).iou(2));
        refused("intersection 5", () -> Overlap.of(5, 4, 9));
        refused("-1", () -> Shape.of(2, -1));
        refused("axis 2", () -> Shape.of(2, 3).dim(2));
        refused("F32[2, 3] takes 24", () -> new HostTensor(DType.F32, Shape.of(2, 3), MemorySegment.ofArray(new byte[20])));
        refused("stride", () -> Window2d.of().stride(0));
        refused("negative padding", () -> Window2d.of().pad(-1));
        wrong.forEach((make, says) -> {
            String message = assertThrows(BadInputException.class, make::get, says).getMessage();
            assertEquals(true, message.contains(says), message + " says " + says);
        });
    }
}
