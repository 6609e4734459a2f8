package dev.kerf.backend.gpu.device;

import dev.kerf.backend.gpu.Driver;
import java.util.ArrayList;
import java.util.List;

/** An input or a state of an executable: a tensor that may be replaced, and the launch arguments that point to it. */
final class Slot {
    /**
     * An argument.
     *
     * @param launch       whose
     * @param buffer       position of the pointer
     * @param offset       position of the element offset
     * @param firstElement what the launch adds to the tensor's first element
     */
    private record Use(Driver.Launch launch, int buffer, int offset, long firstElement) {}

    private final String name;
    private final boolean state;
    private final boolean updated;
    private final int elementBytes;
    private final List<Use> uses = new ArrayList<>();
    private GpuTensor tensor;

    /**
     * @param state        whether it is a state, not an input
     * @param updated      whether a run writes to it
     * @param elementBytes size of an element
     */
    Slot(String name, boolean state, boolean updated, int elementBytes) {
        this.name = name;
        this.state = state;
        this.updated = updated;
        this.elementBytes = elementBytes;
    }

    String name() {
        return name;
    }

    boolean state() {
        return state;
    }

    boolean updated() {
        return updated;
    }

    /** Null until a state is bound. */
    GpuTensor tensor() {
        return tensor;
    }

    void use(Driver.Launch launch, int buffer, int offset, long firstElement) {
        uses.add(new Use(launch, buffer, offset, firstElement));
    }

    /** Points all launches to a tensor. */
    void bind(GpuTensor to) {
        Driver.Buffer buffer = to.buffer();
        for (Use u : uses) {
            u.launch.argument(u.buffer, buffer);
            u.launch.argument(u.offset, to.offsetBytes() / elementBytes + u.firstElement);
        }
        tensor = to;
    }
}
