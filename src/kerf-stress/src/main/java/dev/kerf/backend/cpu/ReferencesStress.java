package dev.kerf.backend.cpu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.error.ClosedException;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Map;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIJ_Result;
import org.openjdk.jcstress.infra.results.IJ_Result;
import org.openjdk.jcstress.infra.results.ZJ_Result;

/** Weights live as long as somebody holds them, and a device keeps no memory that nobody holds. */
public class ReferencesStress {
    private static final WeightExpr WEIGHT = new WeightExpr.Tensor("w", Shape.of(2));
    private static final Weights FILE = Weights.of(Map.of("w", HostTensor.of(Shape.of(2), new float[] {1, 2})));

    /** A device and weights of which eight bytes are packed. */
    static class Loaded {
        final CpuDevice device = new CpuDevice(new Device.Info("cpu", 0, Device.Info.Kind.CPU, "", "", "", 1 << 30, 1 << 30, 1,
                List.of(Precision.FLOAT32)), 1);
        final CpuWeights weights = (CpuWeights) device.load(FILE);

        /** What an executable does with them: 2 if it reads the number that is there, 0 if they are closed. */
        int hold() {
            try {
                weights.acquire();
            } catch (ClosedException e) {
                return 0;
            }
            int read = (int) weights.dense(WEIGHT)[1];
            weights.release();
            return read;
        }
    }

    /** The loader gives its reference back while an executable takes one. */
    @JCStressTest
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "held, then freed")
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "closed before")
    @State
    public static class HoldAndClose extends Loaded {
        @Actor
        public void executable(IJ_Result r) {
            r.r1 = hold();
        }

        @Actor
        public void loader() {
            weights.close();
        }

        @Arbiter
        public void after(IJ_Result r) {
            r.r2 = device.memoryInUse();
        }
    }

    /** Two give the same reference back: it counts once. */
    @JCStressTest
    @Outcome(id = {"2, 2, 0", "2, 0, 0", "0, 2, 0", "0, 0, 0"}, expect = ACCEPTABLE, desc = "held or closed before, then freed")
    @State
    public static class CloseTwice extends Loaded {
        @Actor
        public void first(IIJ_Result r) {
            r.r1 = hold();
            weights.close();
        }

        @Actor
        public void second(IIJ_Result r) {
            r.r2 = hold();
            weights.close();
        }

        @Arbiter
        public void after(IIJ_Result r) {
            r.r3 = device.memoryInUse();
        }
    }

    /** Two executables ask for the same packed tensor: it is made once. */
    @JCStressTest
    @Outcome(id = "true, 8", expect = ACCEPTABLE, desc = "one array of eight bytes")
    @State
    public static class PackOnce extends Loaded {
        private float[] one;
        private float[] other;

        @Actor
        public void first() {
            one = weights.dense(WEIGHT);
        }

        @Actor
        public void second() {
            other = weights.dense(WEIGHT);
        }

        @Arbiter
        public void after(ZJ_Result r) {
            r.r1 = one == other;
            r.r2 = device.memoryInUse();
        }
    }

    /** A device is closed while something is made on it. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "made, then freed")
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "closed before")
    @State
    public static class MakeAndClose extends Loaded {
        @Actor
        public void maker(IJ_Result r) {
            try {
                device.allocate(TensorType.f32(2));
                r.r1 = 1;
            } catch (ClosedException e) {
                r.r1 = 0;
            }
        }

        @Actor
        public void closer() {
            device.close();
        }

        @Arbiter
        public void after(IJ_Result r) {
            r.r2 = device.memoryInUse();
        }
    }
}
