package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Faults;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.Op;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * One node on a test bed: operands of random numbers in [−1, 1), each in an array of its own with a gap between
 * images and NaN all around, so that a read outside shows in the result and a write outside in {@link #intact}.
 */
final class Bed implements Site {
    private static final int MARGIN = 37;
    /** Around scratch, where another thread's would be: no activation leaves it as it is. */
    private static final float EDGE = -7;

    final Node node;
    private final List<Operand> operands = new ArrayList<>();
    private final List<Operand> counts = new ArrayList<>();
    private final Operand result;
    private final Operand scratch;
    private final int workers;
    private final boolean weights;
    private final List<Kernel> kernels;

    /**
     * A node with its kernels built.
     *
     * @param weights whether operands from 1 on are fixed
     * @param gap     floats between images of the operands that may have strides
     */
    Bed(KernelFamily family, Op op, int workers, boolean weights, int gap, long seed, TensorType... inputs) {
        this.workers = workers;
        this.weights = weights;
        List<Value> values = new ArrayList<>();
        for (int i = 0; i < inputs.length; i++) {
            values.add(new Value(i, inputs[i], null, this));
        }
        TensorType type = op.infer(List.of(inputs)).getFirst();
        node = new Node(0, "bed", op, values, List.of(new Value(inputs.length, type, null, this)));
        Random random = new Random(seed);
        for (int i = 0; i < inputs.length; i++) {
            boolean fixed = fixed(i);
            Operand count = new Operand(TensorType.of(DType.I32), null);
            count.place(new int[] {Integer.MAX_VALUE}, 0, 1);
            counts.add(count);
            boolean strided = !fixed && family.strided(node, node.input(i));
            Operand o = place(inputs[i], i == 1 && !fixed ? count : null, strided ? gap : 0);
            fill(o, random);
            operands.add(o);
        }
        result = place(type, null, family.strided(node, node.output()) ? gap : 0);
        int floats = Math.toIntExact(family.scratchFloats(node, workers));
        scratch = new Operand(TensorType.f32(floats), null);
        float[] room = new float[floats + 2 * MARGIN];
        Arrays.fill(room, EDGE);
        Arrays.fill(room, MARGIN, MARGIN + floats, Float.NaN);
        scratch.place(room, MARGIN, floats);
        kernels = family.build(this);
    }

    private static Operand place(TensorType type, Operand count, int gap) {
        int item = (int) Operand.itemElements(type);
        int n = type.shape().rank() == 0 ? 1 : (int) type.shape().dim(0);
        float[] a = new float[n * (item + gap) + 2 * MARGIN];
        Arrays.fill(a, Float.NaN);
        Operand o = new Operand(type, count);
        o.place(a, MARGIN, item + gap);
        return o;
    }

    private static void fill(Operand o, Random random) {
        int item = (int) Operand.itemElements(o.type());
        for (int n = 0; n < o.type().shape().elements() / item; n++) {
            for (int i = 0; i < item; i++) {
                o.floats()[o.offset() + n * o.batchStride() + i] = random.nextFloat() * 2 - 1;
            }
        }
    }

    /** Sets some elements of an operand, chosen by their index. */
    void set(int i, IntPredicate which, float value) {
        Operand o = operands.get(i);
        int item = (int) Operand.itemElements(o.type());
        for (int e = 0; e < o.type().shape().elements(); e++) {
            if (which.test(e)) {
                o.floats()[o.offset() + e / item * o.batchStride() + e % item] = value;
            }
        }
    }

    /** Sets the number of valid rows of an operand. */
    void count(int i, int rows) {
        counts.get(i).ints()[0] = rows;
    }

    /** Runs once on this thread, workers taking turns. */
    Bed run() {
        for (Kernel k : kernels) {
            int n = k.tasks();
            for (int t = 0; t < n; t++) {
                k.run(n - 1 - t, t % workers);
            }
        }
        return this;
    }

    /** The kernels. */
    List<Kernel> kernels() {
        return kernels;
    }

    /** A copy of an operand, dense. */
    float[] dense(int i) {
        return dense(operands.get(i));
    }

    /** A copy of the result, dense. */
    float[] dense() {
        return dense(result);
    }

    private static float[] dense(Operand o) {
        int item = (int) Operand.itemElements(o.type());
        int n = (int) (o.type().shape().elements() / item);
        float[] to = new float[n * item];
        for (int k = 0; k < n; k++) {
            System.arraycopy(o.floats(), o.offset() + k * o.batchStride(), to, k * item, item);
        }
        return to;
    }

    /** Whether nothing was written outside the result and the scratch. */
    boolean intact() {
        float[] y = result.floats().clone();
        int item = (int) Operand.itemElements(result.type());
        for (int k = 0; k < result.type().shape().elements() / item; k++) {
            Arrays.fill(y, MARGIN + k * result.batchStride(), MARGIN + k * result.batchStride() + item, Float.NaN);
        }
        float[] s = scratch.floats().clone();
        Arrays.fill(s, MARGIN, s.length - MARGIN, EDGE);
        return IntStream.range(0, y.length).allMatch(i -> Float.isNaN(y[i]))
                && IntStream.range(0, s.length).allMatch(i -> s[i] == EDGE);
    }

    /** Abramowitz and Stegun 7.1.6, whose terms are all positive, so that nothing cancels. */
    static double erf(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 400; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    /** The activation in float64. */
    static DoubleUnaryOperator function(Activation act) {
        return switch (act) {
            case NONE -> v -> v;
            case RELU -> v -> Math.max(v, 0);
            case SIGMOID -> v -> 1 / (1 + Math.exp(-v));
            case SILU -> v -> v / (1 + Math.exp(-v));
            case TANH -> Math::tanh;
            case HARD_SWISH -> v -> v * Math.clamp(v + 3, 0, 6) / 6;
            case RELU6 -> v -> Math.clamp(v, 0, 6);
            case GELU_ERF -> v -> v / 2 * (1 + erf(v / Math.sqrt(2)));
            case GELU_TANH -> v -> v / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
        };
    }

    /** The extents. */
    static int[] dims(TensorType t) {
        return Arrays.stream(t.shape().dims()).mapToInt(Math::toIntExact).toArray();
    }

    @Override
    public Node node() {
        return node;
    }

    @Override
    public Operand operand(int i) {
        return operands.get(i);
    }

    @Override
    public Operand result(int i) {
        return result;
    }

    @Override
    public boolean fixed(int i) {
        return weights && i > 0;
    }

    @Override
    public float[] packed(int i, String layout, Packer packing) {
        Shape shape = operands.get(i).type().shape();
        return packing.pack(dense(i), shape);
    }

    @Override
    public Operand scratch() {
        return scratch;
    }

    @Override
    public Faults faults() {
        return new Faults();
    }

    @Override
    public int workers() {
        return workers;
    }

    @Override
    public boolean vectors() {
        return true;
    }
}
