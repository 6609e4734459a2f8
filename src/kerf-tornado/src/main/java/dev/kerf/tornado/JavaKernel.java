package dev.kerf.tornado;

import uk.ac.manchester.tornado.api.common.TaskPackage;

/**
 * A kernel as a Java method: makes the task of one launch, giving the method its arguments. The kernel of
 * {@code kernels/manifest/layer_norm.json} is the class {@code kernel.reduce.LayerNorm}, which has a constructor without
 * arguments. A kernel takes the buffers that it reads before those that it writes: TornadoVM makes a task wait for itself if
 * it meets a buffer again that the task has written.
 *
 * <pre>{@code
 * public TaskPackage task(TaskArguments a) {
 *     return new TaskPackage(a.id(), Standardise::standardise, a.context(), a.scalars("x_off", "y_off", "C", "plane"),
 *             a.floats("x"), a.floats("s"), a.floats("y"));
 * }
 * }</pre>
 */
@FunctionalInterface
public interface JavaKernel {
    /** The task of a launch. */
    TaskPackage task(TaskArguments arguments);
}
