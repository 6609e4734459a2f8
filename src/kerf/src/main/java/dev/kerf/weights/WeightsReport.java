package dev.kerf.weights;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is in a file of weights, as data to print.
 *
 * <pre>{@code
 * try (Weights weights = Weights.open(path)) {
 *     WeightsReport report = weights.report();
 *     report.tensors().forEach(t -> System.out.printf("%-40s %-5s %s%n", t.name(), t.dtype(), t.shape()));
 *     System.out.println(report.parameterCount() + " parameters, " + report.bytes() + " bytes");
 * }
 * }</pre>
 *
 * @param source   the file
 * @param tensors  name, dtype and shape of each tensor, in the file's order
 * @param metadata what the file says beside them
 */
public record WeightsReport(String source, List<TensorInfo> tensors, Map<String, String> metadata) {
    /** Last parts of the names of tensors that are state, not trained: batch norm's running statistics and counter. */
    public static final Set<String> BUFFERS = Set.of("running_mean", "running_var", "num_batches_tracked");

    /** Copies the lists. */
    public WeightsReport {
        tensors = List.copyOf(tensors);
        metadata = Map.copyOf(metadata);
    }

    /** Number of elements of all tensors. */
    public long elementCount() {
        return tensors.stream().mapToLong(TensorInfo::elements).sum();
    }

    /** Number of elements of all tensors but {@link #BUFFERS}: what PyTorch counts as a model's parameters. */
    public long parameterCount() {
        return tensors.stream()
                .filter(t -> !BUFFERS.contains(t.name().substring(t.name().lastIndexOf('.') + 1)))
                .mapToLong(TensorInfo::elements)
                .sum();
    }

    /** Bytes that the dense values take. */
    public long bytes() {
        return tensors.stream().mapToLong(TensorInfo::bytes).sum();
    }
}
