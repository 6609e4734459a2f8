package dev.kerf.backend.gpu.device;

import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.MemoryUse;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.Limit;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeadlineExceededException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.TensorType;
import dev.kerf.trace.Trace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Launches in order, with everything that they point to. A run puts them into a queue and waits once, at the end. */
final class GpuExecutable implements Executable {
    /** How long a cancellation may go unnoticed. */
    private static final long LOOK_NANOS = 500_000;

    /**
     * Where a kept value lies.
     *
     * @param type        as in the graph
     * @param buffer      its memory
     * @param offsetBytes from the start of the buffer
     */
    record Output(TensorType type, Driver.Buffer buffer, long offsetBytes) {}

    private final GpuDevice device;
    private final Graph recorded;
    private final Graph graph;
    private final GpuWeights weights;
    private final List<Step> steps;
    private final List<Driver.Launch> launches;
    private final Profile profile;
    private final Slot[] slots;
    private final Map<String, Slot> inputs = new LinkedHashMap<>();
    private final Map<String, Slot> states = new LinkedHashMap<>();
    private final Map<String, GpuTensor> outputs = new LinkedHashMap<>();
    private final GpuTensor[] written;
    private final List<GpuTensor> ownInputs = new ArrayList<>();
    private final ErrorCell errors;
    private final List<AutoCloseable> owned;
    private final MemoryUse memory;
    private final Driver.Queue queue;
    private final Ticket done;
    private Driver.Recording recording;
    private boolean moved;
    private boolean ran;
    private volatile boolean abandoned;
    private volatile boolean closed;

    GpuExecutable(GpuDevice device, Graph recorded, Graph graph, GpuWeights weights, boolean profile,
            List<Step> steps, List<Slot> slots, Map<String, Output> kept, Driver.Buffer errors,
            List<AutoCloseable> owned, MemoryUse planned) {
        this.device = device;
        this.recorded = recorded;
        this.graph = graph;
        this.weights = weights;
        this.steps = List.copyOf(steps);
        this.launches = steps.stream().map(Step::launch).toList();
        this.slots = slots.toArray(Slot[]::new);
        this.owned = owned;
        Driver driver = device.driver();
        // Owned from the start: who made the rest closes them if the rest of this fails.
        this.queue = own(profile ? driver.profiledQueue() : driver.queue());
        this.done = own(new Ticket(driver));
        this.profile = profile
                ? new Profile(this.steps, steps.stream().map(s -> own(driver.timer())).toList())
                : null;
        this.errors = new ErrorCell(queue, graph, errors, own(driver.staging(ErrorCell.BYTES)));
        long inputBytes = 0;
        for (Slot s : slots) {
            if (s.state()) {
                states.put(s.name(), s);
            } else {
                inputs.put(s.name(), s);
                TensorType type = recorded.inputs().get(s.name()).type();
                Driver.Buffer buffer = driver.allocate(Math.max(1, type.bytes()), type.dtype());
                owned.add(buffer);
                device.transfers().zero(buffer, 0, buffer.bytes());
                inputBytes += buffer.bytes();
                GpuTensor own = new GpuTensor(device, type, buffer, 0, this);
                ownInputs.add(own);
                s.bind(own);
            }
        }
        Map<Output, GpuTensor> tensors = new LinkedHashMap<>();
        kept.forEach((name, o) -> outputs.put(name, tensors.computeIfAbsent(o,
                k -> new GpuTensor(device, o.type(), o.buffer(), o.offsetBytes(), this))));
        this.written = tensors.values().toArray(GpuTensor[]::new);
        this.memory = new MemoryUse(planned.activations() + inputBytes, planned.unshared() + inputBytes, planned.weights());
    }

    private <T extends AutoCloseable> T own(T object) {
        owned.addFirst(object);
        return object;
    }

    @Override
    public Graph graph() {
        return recorded;
    }

    @Override
    public DeviceTensor input(String name) {
        checkOpen();
        return slot(inputs, name, "input").tensor();
    }

    @Override
    public DeviceTensor output(String name) {
        checkOpen();
        GpuTensor tensor = outputs.get(name);
        if (tensor == null) {
            throw new BadInputException("no output or kept stage '" + name + "'; there are " + outputs.keySet());
        }
        return tensor;
    }

    private static Slot slot(Map<String, Slot> slots, String name, String what) {
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new BadInputException("no " + what + " '" + name + "'; there are " + slots.keySet());
        }
        return slot;
    }

    @Override
    public void bindInput(String name, DeviceTensor source) {
        checkOpen();
        bind(slot(inputs, name, "input"), source, recorded.inputs().get(name).type());
    }

    @Override
    public void bindState(String name, DeviceTensor.State state) {
        checkOpen();
        bind(slot(states, name, "state"), state, recorded.states().get(name).type());
    }

    private void bind(Slot slot, DeviceTensor source, TensorType type) {
        if (!(source instanceof GpuTensor tensor) || tensor.device() != device) {
            throw new BadInputException("'" + slot.name() + "' can't be bound to a tensor of another device");
        }
        if (!tensor.type().equals(type)) {
            throw new BadInputException("'" + slot.name() + "' is " + type + ", the tensor is " + tensor.type());
        }
        if (outputs.containsValue(tensor)) {
            throw new BadInputException("'" + slot.name() + "' can't be bound to an output of the same executable, which "
                    + "is overwritten while it is read; use a state");
        }
        synchronized (device.monitor()) {
            tensor.buffer();
            if (slot.tensor() != tensor) {
                slot.bind(tensor);
                moved = true;
            }
        }
    }

    /** The launches as they are bound, recorded. The device's monitor is held. */
    private Driver.Recording recording() {
        if (moved && recording != null && !recording.update()) {
            recording.close();
            recording = null;
        }
        moved = false;
        if (recording == null) {
            recording = device.driver().record(launches);
        }
        return recording;
    }

    @Override
    public void run() {
        Limit limit = Limit.current();
        limit.check();
        forgetAbandoned(limit);
        Object event = Trace.run();
        submit();
        await(limit);
        traced(event, true);
        raise();
    }

    private void traced(Object event, boolean over) {
        if (event != null) {
            Trace.ran(event, device.info().id(), graph.nodes().size(), recorded.outputs().keySet().toString(), over);
        }
    }

    /** Waits for what is in the queue; if the limit passes before, notes that its errors are nobody's. */
    private void await(Limit limit) {
        if (limit == Limit.NONE) {
            queue.synchronize();
            return;
        }
        while (!queue.synchronize(Math.min(limit.remaining(), LOOK_NANOS))) {
            if (limit.passed()) {
                abandoned = true;
                limit.check();
            }
        }
    }

    /** The errors of a run that was given up aren't the next one's. */
    private void forgetAbandoned(Limit limit) {
        if (abandoned) {
            await(limit);
            synchronized (device.monitor()) {
                takeError();
                abandoned = false;
            }
        }
    }

    @Override
    public void run(Duration limit) {
        forgetAbandoned(Limit.NONE);
        submit();
        if (!queue.synchronize(limit.toNanos())) {
            abandoned = true;
            throw new DeadlineExceededException("the run is still under way after " + limit);
        }
        raise();
    }

    private void submit() {
        synchronized (device.monitor()) {
            submit(queue);
            queue.flush();
        }
    }

    @Override
    public void submit(Device.Stream stream) {
        Driver.Queue target = device.queueOf(stream);
        Object event = Trace.run();
        synchronized (device.monitor()) {
            submit(target);
            ((GpuStream) stream).submitted(this);
        }
        traced(event, false);
    }

    /** Puts a run into a queue. The device's monitor is held. */
    private void submit(Driver.Queue to) {
        checkOpen();
        done.before(to);
        for (Slot s : slots) {
            if (s.tensor() == null) {
                throw new BadInputException("the state '" + s.name() + "' isn't bound");
            }
            s.tensor().buffer();
            if (s.updated()) {
                s.tensor().access().beforeWrite(to);
            } else {
                s.tensor().access().beforeRead(to);
            }
        }
        for (GpuTensor t : written) {
            t.access().beforeWrite(to);
        }
        if (profile != null) {
            profile.launch(to);
        } else {
            to.replay(recording());
        }
        errors.fetch(to);
        done.signal(to);
        for (Slot s : slots) {
            if (s.updated()) {
                s.tensor().access().written(done);
            } else {
                s.tensor().access().read(done);
            }
        }
        for (GpuTensor t : written) {
            t.access().written(done);
        }
        ran = true;
    }

    private void raise() {
        RuntimeException error;
        synchronized (device.monitor()) {
            error = takeError();
        }
        if (error != null) {
            throw error;
        }
    }

    /** The error that kernels left in runs that have ended, or null; told once. The device's monitor is held. */
    RuntimeException takeError() {
        return closed ? null : errors.take();
    }

    @Override
    public void warmUp(Duration limit) {
        checkOpen();
        GpuWarmUp.run(this, device, List.copyOf(states.values()), limit);
    }

    @Override
    public List<NodeTiming> timings() {
        checkOpen();
        if (profile == null && !launches.isEmpty()) {
            throw new BadInputException("the executable wasn't compiled with profiled()");
        }
        if (!ran || profile == null) {
            return new ArrayList<>();
        }
        done.await();
        return profile.timings();
    }

    /** What a run launches, in order. */
    List<Step> steps() {
        return steps;
    }

    @Override
    public MemoryUse memory() {
        return memory;
    }

    private void checkOpen() {
        if (closed) {
            throw new ClosedException("the executable is closed");
        }
    }

    @Override
    public void close() {
        synchronized (device.monitor()) {
            if (closed) {
                return;
            }
        }
        done.await();
        queue.synchronize();
        for (GpuTensor t : written) {
            t.free();
        }
        synchronized (device.monitor()) {
            if (closed) {
                return;
            }
            closed = true;
            done.close();
            if (recording != null) {
                recording.close();
            }
        }
        ownInputs.forEach(GpuTensor::free);
        owned.reversed().forEach(GpuCompilation::close);
        if (weights != null) {
            weights.release();
        }
        device.forget(this);
    }
}
