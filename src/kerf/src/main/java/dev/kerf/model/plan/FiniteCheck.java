package dev.kerf.model.plan;

import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.graph.ReduceOp;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Whether numbers are numbers. Of a NaN or an infinite logit a comparison would make a class or a mask that looks like any
 * other. A graph gives one mean for each image, which isn't finite if one of its logits isn't, nor if they are so large that
 * their sum passes float32's range.
 *
 * <pre>{@code
 * FiniteCheck check = new FiniteCheck(g);
 * check.add(logits);                                              // (B, …), as many as there are
 * check.record();                                                 // output "finite": (B)
 * …
 * executable.run();
 * FiniteCheck.require(executable, List.of("image 1", "image 2"));
 * }</pre>
 */
public final class FiniteCheck {
    /** The output with the means. */
    public static final String OUTPUT = "finite";

    private static final int NOT_FINITE = 0x7F80_0000;

    private final GraphBuilder g;
    private final List<Value> logits = new ArrayList<>();

    /** A check of nothing yet. */
    public FiniteCheck(GraphBuilder g) {
        this.g = g;
    }

    /** Takes logits (B, …), of at least three axes; of counted ones (B, R, …) the rows that count. */
    public void add(Value x) {
        logits.add(x);
    }

    /** Records the output (B). Of means, since sums could outgrow float16. */
    public void record() {
        Value[] parts = logits.stream().map(this::part).toArray(Value[]::new);
        g.output(OUTPUT, reduced(Reduction.MEAN, 1, parts.length == 1 ? parts[0] : g.concat(1, parts)));
    }

    /** Means of rows: (B, rows); what is counted as one sum of them, 0 of none: (B, 1). */
    private Value part(Value x) {
        Shape s = x.type().shape();
        Value rows = reduced(Reduction.MEAN, s.rank() - 1, x); // (B, …)
        if (rows.count() != null) {
            return g.reshape(reduced(Reduction.SUM, 1, rows), s.dim(0), 1);
        }
        return g.reshape(rows, s.dim(0), s.product(1, s.rank() - 1));
    }

    private Value reduced(Reduction reduction, int axis, Value x) {
        return g.apply(new ReduceOp.Reduce(reduction, List.of(axis), false), x);
    }

    /**
     * Refuses what a run made if an image's logits aren't finite.
     *
     * @param images what to call them, in their order; several items in a row may be of one
     * @throws BadInputException naming the first such image
     */
    public static void require(Executable e, List<String> images) {
        HostTensor means = e.output(OUTPUT).toHost();
        long each = means.elements() / images.size();
        for (int i = 0; i < means.elements(); i++) {
            require(images.get((int) (i / each)), means.getDouble(i));
        }
    }

    /**
     * Refuses logits by what they add up to, or a single one.
     *
     * @param image what to call the image that they are of
     * @throws BadInputException if it isn't finite
     */
    public static void require(String image, double logits) {
        if (!Double.isFinite(logits)) {
            throw new BadInputException(image + ": the network's logits aren't finite, so that they say nothing: the image or "
                    + "the weights hold values that are too large or no numbers; a trace shows where they turn up");
        }
    }

    /**
     * Refuses float32 values that are NaN or infinite.
     *
     * @param what what to call the tensor
     * @throws BadInputException naming the first such value and where it is
     */
    public static void requireInput(String what, HostTensor t) {
        int largest = 0;
        long n = t.elements();
        for (long i = 0; i < n; i++) {
            largest = Math.max(largest, bits(t, i));
        }
        for (long i = 0; largest >= NOT_FINITE; i++) {
            if (bits(t, i) >= NOT_FINITE) {
                long[] strides = t.shape().strides();
                long at = i;
                long[] index = new long[strides.length];
                for (int a = 0; a < index.length; a++) {
                    index[a] = at / strides[a];
                    at %= strides[a];
                }
                throw new BadInputException(what + ": element " + Arrays.toString(index) + " is " + t.getDouble(i)
                        + "; only finite numbers can be segmented");
            }
        }
    }

    private static int bits(HostTensor t, long i) {
        return t.data().get(ValueLayout.JAVA_INT_UNALIGNED, 4 * i) & Integer.MAX_VALUE;
    }
}
