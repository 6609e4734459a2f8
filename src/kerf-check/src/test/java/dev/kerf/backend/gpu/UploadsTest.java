package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Device.HostMemory;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.backend.gpu.cuda.StandIn;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.TensorType;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.unet.SmallUNets;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.DType;
import dev.kerf.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Uploads for CUDA, counted at the stand-in: by way of pinned memory, in order with what reads them, without a wait. */
class UploadsTest {
    private static final String STAND_IN = "dev.kerf.backend.gpu.cuda.StandIn#found";
    private static final List<String> WAITS = List.of("cuStreamSynchronize", "cuStreamQuery", "cuEventSynchronize",
            "cuEventQuery", "cuMemHostAlloc");

    private static Executable plusOne(Device device, int elements) {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.add(g.input("x", TensorType.f32(elements)), g.constant(1f)));
        return device.compile(g.build(), null, CompileOptions.of());
    }

    private static List<Long> counts(StandIn standIn) {
        return WAITS.stream().map(standIn::calls).toList();
    }

    /** Each run sees what was uploaded before it and none of the later uploads, though the host waits for nothing. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void uploadsTakeTheirTurnWithoutAWait(StandIn standIn) {
        int rounds = 60;
        int elements = 1000;
        try (Device device = Backends.open("cuda");
                Device.Stream stream = device.stream();
                Executable e = plusOne(device, elements);
                HostMemory results = device.hostMemory(4L * elements * rounds)) {
            DeviceTensor x = e.input("x");
            float[] values = new float[elements];
            x.upload(MemorySegment.ofArray(values));
            e.run();
            List<Long> before = counts(standIn);
            long pageable = standIn.last("pageable");
            for (int i = 0; i < rounds; i++) {
                Arrays.fill(values, i);
                x.upload(MemorySegment.ofArray(values));
                e.submit(stream);
                e.output("y").download(stream, results.segment().asSlice(4L * elements * i, 4L * elements));
            }
            assertEquals(before, counts(standIn));
            assertEquals(pageable, standIn.last("pageable"));
            stream.synchronize();
            for (int i = 0; i < rounds; i++) {
                assertEquals(i + 1, results.segment().getAtIndex(ValueLayout.JAVA_FLOAT, (long) elements * i));
                assertEquals(i + 1,
                        results.segment().getAtIndex(ValueLayout.JAVA_FLOAT, (long) elements * (i + 1) - 1));
            }
        }
    }

    /** Far more than the pinned memory, from the heap and from native memory, whole and by strides. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void largeUploadsUseThePinnedMemoryAgain(StandIn standIn) {
        int elements = 1_400_001;
        try (Device device = Backends.open("cuda");
                Executable e = plusOne(device, elements);
                HostMemory own = device.hostMemory(4L * elements)) {
            float[] values = new float[elements];
            long pinned = -1;
            long pageable = standIn.last("pageable");
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < elements; i++) {
                    values[i] = i + round;
                }
                MemorySegment heap = MemorySegment.ofArray(values);
                switch (round) {
                    case 0 -> e.input("x").upload(heap);
                    case 1 -> e.input("x").upload(own.segment().copyFrom(heap));
                    default -> e.input("x").upload(DeviceTensor.HostView.of(heap, DType.F32,
                            e.input("x").type().shape(), 4));
                }
                Arrays.fill(values, -1);
                e.run();
                MemorySegment y = e.output("y").toHost().data();
                for (int i = 0; i < elements; i++) {
                    assertEquals((float) (i + round) + 1, y.getAtIndex(ValueLayout.JAVA_FLOAT, i));
                }
                assertTrue(pinned < 0 || pinned == standIn.calls("cuMemHostAlloc"), "round " + round);
                pinned = standIn.calls("cuMemHostAlloc");
            }
            assertEquals(pageable, standIn.last("pageable"));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void picturesGoOverAsBytes(StandIn standIn) {
        try (Weights weights = SmallUNets.milesial(3, 4, List.of(4, 8), false).build();
                Device device = Backends.open("cuda");
                UNet net = UNet.load(device, weights)) {
            Image picture = Image.blank(96, 64, PixelFormat.RGB8);
            net.segment(picture, SegmentOptions.of());
            long uploaded = standIn.last("uploaded");
            long pageable = standIn.last("pageable");
            long pinned = standIn.calls("cuMemHostAlloc");
            net.segment(picture, SegmentOptions.of());
            assertEquals(96 * 64 * 3, standIn.last("uploaded") - uploaded, "a quarter of what floats would be");
            assertEquals(pageable, standIn.last("pageable"), "nothing is copied by way of the driver's own memory");
            assertEquals(pinned, standIn.calls("cuMemHostAlloc"));
        }
    }
}
