package dev.kerf.tornado.kernel.dense;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import java.util.List;
import uk.ac.manchester.tornado.api.common.TaskPackage;

/** Parts of the terms of a convolution, (parts, N, groups·O, P·Q), which {@link JoinParts} adds up. */
public final class Conv2dParts implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return Conv2d.task(a, "partial", 1, List.of("groups", "N", "parts"));
    }
}
