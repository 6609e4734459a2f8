package dev.kerf.backend.gpu;

import dev.kerf.tensor.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A driver that compiles one kernel with a parameter set to what it shouldn't be, and is right in all else. */
public final class WrongKernel implements Driver {
    private final Driver right;
    private final String kernel;
    private final String parameter;
    private final String wrong;

    /**
     * @param right     does the work; closed with this
     * @param kernel    the kernel's name
     * @param parameter one of its definitions
     * @param wrong     what that is wherever the kernel is loaded
     */
    public WrongKernel(Driver right, String kernel, String parameter, String wrong) {
        this.right = right;
        this.kernel = kernel;
        this.parameter = parameter;
        this.wrong = wrong;
    }

    @Override
    public Kernel load(String name, Map<String, String> parameters) {
        Map<String, String> changed = new LinkedHashMap<>(parameters);
        if (name.equals(kernel)) {
            changed.put(parameter, wrong);
        }
        return right.load(name, changed);
    }

    @Override
    public Facts facts() {
        return right.facts();
    }

    @Override
    public Buffer allocate(long bytes) {
        return right.allocate(bytes);
    }

    @Override
    public Buffer allocate(long bytes, DType elements) {
        return right.allocate(bytes, elements);
    }

    @Override
    public Staging staging(long bytes) {
        return right.staging(bytes);
    }

    @Override
    public Launch launch(Kernel loaded, long[] global, long[] local, List<Object> arguments) {
        return right.launch(loaded, global, local, arguments);
    }

    @Override
    public Recording record(List<Launch> launches) {
        return right.record(launches);
    }

    @Override
    public Queue queue() {
        return right.queue();
    }

    @Override
    public Queue profiledQueue() {
        return right.profiledQueue();
    }

    @Override
    public Event event() {
        return right.event();
    }

    @Override
    public Timer timer() {
        return right.timer();
    }

    @Override
    public long allocatedBytes() {
        return right.allocatedBytes();
    }

    @Override
    public void close() {
        right.close();
    }
}
