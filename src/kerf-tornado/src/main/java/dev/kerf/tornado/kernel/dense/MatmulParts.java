package dev.kerf.tornado.kernel.dense;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import java.util.List;
import uk.ac.manchester.tornado.api.common.TaskPackage;

/** Parts of the terms of matrix products, (parts, batch, M, N), which {@link JoinParts} adds up. */
public final class MatmulParts implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return Matmul.task(a, "partial", List.of("batch", "parts"));
    }
}
