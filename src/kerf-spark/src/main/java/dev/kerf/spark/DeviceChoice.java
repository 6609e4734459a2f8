package dev.kerf.spark;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadInputException;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * Which device a task's work is done on.
 *
 * @param id      what {@link Backends#open(String)} takes; {@code best} where Spark says nothing of GPUs and nobody names a back end
 * @param threads of the CPU, if it is the CPU
 */
record DeviceChoice(String id, int threads) {
    private static final String AUTO = "auto";
    private static final String BEST = "best";
    private static final String CPU = "cpu";
    private static final String GPU = "gpu";
    private static final String CUDA = "cuda";

    /**
     * The device of the running task: of the GPUs that Spark gave to it the first, by its address; of the CPU as many threads as the task
     * has processors.
     *
     * @param backend what was asked for: a back end, a device such as {@code opencl:0}, or {@code auto}
     */
    static DeviceChoice of(String backend, TaskContext task) {
        return task == null ? of(backend, Map.of(), 1) : of(backend, task.resourcesJMap(), task.cpus());
    }

    static DeviceChoice of(String backend, Map<String, ResourceInformation> resources, int cpus) {
        ResourceInformation gpus = resources.get(GPU);
        if (gpus == null || gpus.addresses().length == 0 || backend.equals(CPU) || backend.indexOf(':') >= 0) {
            return new DeviceChoice(backend.equals(AUTO) ? BEST : backend, cpus);
        }
        String address = gpus.addresses()[0];
        if (!address.matches("\\d{1,6}")) {
            throw new BadInputException("Spark gives GPU '" + address + "' to the task, and devices have numbers: let "
                    + "spark.executor.resource.gpu.discoveryScript print them from 0, as nvidia-smi --query-gpu=index does");
        }
        return new DeviceChoice((backend.equals(AUTO) ? CUDA : backend) + ":" + address, cpus);
    }

    /**
     * Opens it.
     *
     * @throws dev.kerf.error.BackendUnavailableException if it can't start; what was asked for by name or given by Spark is never
     *                                                    replaced by another
     */
    Device open() {
        CpuOptions cpu = CpuOptions.of().threads(Math.min(threads, CpuOptions.MOST_THREADS));
        try {
            return id.equals(BEST) ? Backends.best(cpu) : Backends.open(id, cpu);
        } catch (BackendUnavailableException e) {
            throw new BackendUnavailableException("device " + id + " of the task: " + e.getMessage(), e);
        }
    }
}
