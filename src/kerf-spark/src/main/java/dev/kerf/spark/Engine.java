package dev.kerf.spark;

import dev.kerf.backend.Device;
import dev.kerf.measure.ObjectFinder;
import dev.kerf.measure.ObjectRules;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;

/**
 * A network on a device, once in an executor: all its tasks share it, and it stays until the executor ends. There are as many as the
 * executor has devices and its jobs have networks.
 */
final class Engine {
    private static final ConcurrentMap<Key, Engine> ENGINES = new ConcurrentHashMap<>();
    private static final int LEAST_PLANS = 4;
    private static final int MOST_PLANS = 64;

    private final Device device;
    private final Network network;
    private final ObjectFinder objects;

    private record Key(DeviceChoice device, String sha256, String options) {}

    private Engine(Device device, Network network, Settings settings) {
        this.device = device;
        this.network = network;
        this.objects = new ObjectFinder(device, ObjectRules.of().areas(settings.minArea, Long.MAX_VALUE));
    }

    /** The executor's one for the running task. What fails isn't kept: the next task tries again. */
    static Engine of(ModelFile model, KerfOptions options) {
        TaskContext task = TaskContext.get();
        DeviceChoice choice = DeviceChoice.of(options.settings().backend, task);
        return ENGINES.computeIfAbsent(new Key(choice, model.sha256(), options.line()), key -> open(key, model, options, task));
    }

    private static Engine open(Key key, ModelFile model, KerfOptions options, TaskContext task) {
        Device device = key.device.open();
        try {
            int cpus = task == null ? 1 : task.cpus();
            int cores = SparkEnv.get().conf().getInt("spark.executor.cores", Runtime.getRuntime().availableProcessors());
            int plans = Math.clamp(cores / cpus, LEAST_PLANS, MOST_PLANS);
            Settings settings = options.settings();
            return new Engine(device, Network.load(device, model, options.task(), settings, plans), settings);
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
    }

    /** How many there are in this JVM. */
    static int count() {
        return ENGINES.size();
    }

    String device() {
        return device.info().id();
    }

    boolean onCpu() {
        return device.info().kind() == Device.Info.Kind.CPU;
    }

    Network network() {
        return network;
    }

    ObjectFinder objects() {
        return objects;
    }
}
