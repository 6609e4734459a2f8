package dev.kerf.backend.cpu;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.MemoryUse;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.Limit;
import dev.kerf.backend.cpu.kernel.Faults;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.CapacityExceededException;
import dev.kerf.graph.Graph;
import dev.kerf.trace.Trace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** A graph compiled for the CPU: kernels in order, over arrays planned beforehand. */
final class CpuExecutable implements Executable {
    private final CpuDevice device;
    private final Graph graph;
    private final CpuWeights weights;
    private final CompileOptions options;
    private final Program program;
    private final Sequence sequence = new Sequence();
    private final ReentrantLock callers = new ReentrantLock(true);
    private final Dependencies callerDependencies = new Dependencies();
    private final Map<String, CpuTensor> inputs = new LinkedHashMap<>();
    private final Map<String, CpuTensor> outputs = new LinkedHashMap<>();
    private final Map<String, CpuTensor> states = new LinkedHashMap<>();
    /** The values of {@code inputs} and {@code states} that are other objects' tensors, for the checks before each run. */
    private CpuTensor[] bound = {};
    private final CpuTensor[] slots;
    private CpuStream deadlines;
    private volatile boolean closed;

    CpuExecutable(CpuDevice device, Graph graph, CpuWeights weights, CompileOptions options) {
        this.device = device;
        this.graph = graph;
        this.weights = weights;
        this.options = options;
        if (weights != null) {
            weights.acquire();
        }
        try {
            program = new CpuCompilation(device, graph, weights, options).compile();
        } catch (Throwable t) {
            if (weights != null) {
                weights.release();
            }
            throw t;
        }
        program.inputs().forEach((name, o) -> inputs.put(name, new CpuTensor(device, o, this, name)));
        program.outputs().forEach((name, o) -> outputs.put(name, new CpuTensor(device, o, this, name)));
        program.states().keySet().forEach(name -> states.put(name, null));
        slots = outputs.values().toArray(CpuTensor[]::new);
    }

    @Override
    public Graph graph() {
        return graph;
    }

    Sequence sequence() {
        return sequence;
    }

    @Override
    public DeviceTensor input(String name) {
        requireOpen();
        return find(inputs, name, "input");
    }

    @Override
    public DeviceTensor output(String name) {
        requireOpen();
        return find(outputs, name, "output or kept stage");
    }

    private static CpuTensor find(Map<String, CpuTensor> in, String name, String what) {
        CpuTensor t = in.get(name);
        if (t == null) {
            throw unknown(in, name, what);
        }
        return t;
    }

    private static BadInputException unknown(Map<String, CpuTensor> in, String name, String what) {
        return new BadInputException("no " + what + " '" + name + "'; there are " + in.keySet());
    }

    @Override
    public void bindInput(String name, DeviceTensor source) {
        requireOpen();
        CpuTensor old = find(inputs, name, "input");
        Operand operand = program.inputs().get(name);
        bind(inputs, name, old, source, operand);
    }

    @Override
    public void bindState(String name, DeviceTensor.State state) {
        requireOpen();
        if (!states.containsKey(name)) {
            throw unknown(states, name, "state");
        }
        bind(states, name, states.get(name), state, program.states().get(name));
    }

    private void bind(
            Map<String, CpuTensor> in, String name, CpuTensor old, DeviceTensor given, Operand operand) {
        if (!(given instanceof CpuTensor t) || t.device() != device) {
            throw new BadInputException("'" + name + "': the tensor belongs to another device");
        }
        if (!t.type().equals(operand.type())) {
            throw new BadInputException("'" + name + "' is " + operand.type() + ", the tensor is " + t.type());
        }
        t.requireOpen();
        sequence.await(sequence.last());
        if (old != null && old.owner() == this && in == inputs && old.operand() == operand) {
            device.account(-operand.type().bytes());
            old.closeSlot();
        } else if (old != null) {
            old.removeReader(sequence);
        }
        operand.follow(t.operand());
        t.addReader(sequence);
        in.put(name, t);
        List<CpuTensor> others = new ArrayList<>();
        inputs.values().stream().filter(x -> x.owner() != this).forEach(others::add);
        states.values().stream().filter(x -> x != null).forEach(others::add);
        bound = others.toArray(CpuTensor[]::new);
    }

    /** Takes a run's place in the order of all runs. */
    void enter(Dependencies d) {
        CpuTensor[] tensors = bound;
        for (CpuTensor t : tensors) {
            t.requireOpen();
        }
        synchronized (device.order()) {
            requireReady();
            d.begin();
            for (CpuTensor t : tensors) {
                if (t.owner() != null) {
                    d.add(t.owner().sequence());
                }
            }
            for (CpuTensor slot : slots) {
                for (Sequence reader : slot.readers()) {
                    d.add(reader);
                }
            }
            d.own(sequence.issue());
        }
    }

    private void requireReady() {
        requireOpen();
        if (!states.isEmpty()) {
            program.requireStates();
        }
    }

    /** Runs after {@link #enter}, on whatever thread. */
    void perform(Dependencies d, Limit limit) {
        try {
            d.await();
            sequence.await(d.own() - 1);
            Object event = Trace.run();
            program.run(device.workers(), limit);
            if (event != null) {
                Trace.ran(event, device.info().id(), graph.nodes().size(), graph.outputs().keySet().toString(), true);
            }
        } finally {
            sequence.complete(d.own());
        }
    }

    @Override
    public void run() {
        Limit limit = Limit.current();
        if (limit != Limit.NONE) {
            runWithin(limit);
            return;
        }
        callers.lock();
        try {
            enter(callerDependencies);
            perform(callerDependencies, limit);
        } finally {
            callers.unlock();
        }
    }

    @Override
    public void run(Duration limit) {
        CpuStream s = deadlines();
        long ticket = s.submitRun(this, Limit.NONE);
        s.finish(ticket, limit);
    }

    /** On another thread, which stops after the kernel that it is at: this one needn't wait for that. */
    private void runWithin(Limit limit) {
        limit.check();
        CpuStream s = deadlines();
        long ticket = s.submitRun(this, limit);
        s.finish(ticket, limit);
    }

    private synchronized CpuStream deadlines() {
        requireOpen();
        if (deadlines == null) {
            deadlines = (CpuStream) device.stream();
        }
        return deadlines;
    }

    @Override
    public void submit(Device.Stream stream) {
        requireOpen();
        if (!(stream instanceof CpuStream s) || s.device() != device) {
            throw new BadInputException("the stream belongs to another device");
        }
        s.submitRun(this, Limit.NONE);
    }

    @Override
    public void warmUp(Duration limit) {
        requireOpen();
        long start = System.nanoTime();
        Map<CpuTensor, dev.kerf.tensor.HostTensor> before = new LinkedHashMap<>();
        states.values().stream().filter(s -> s != null).forEach(s -> before.put(s, s.toHost()));
        try {
            // Steady: the best of the last eight runs is no better than the best of the eight before.
            long last = Long.MAX_VALUE;
            long best = Long.MAX_VALUE;
            for (int i = 1; System.nanoTime() - start < limit.toNanos(); i++) {
                long t = System.nanoTime();
                runOnAnything();
                best = Math.min(best, System.nanoTime() - t);
                if (i % 8 == 0) {
                    if (best > last * 0.98 && System.nanoTime() - start > 300_000_000L) {
                        break;
                    }
                    last = best;
                    best = Long.MAX_VALUE;
                }
            }
        } finally {
            before.forEach((s, h) -> s.upload(h.data()));
        }
    }

    /** What the inputs hold by chance may be out of range; that is no error of a warm-up. */
    private void runOnAnything() {
        try {
            run();
        } catch (CapacityExceededException e) {
            return;
        } catch (BadInputException e) {
            requireReady();
        }
    }

    @Override
    public List<NodeTiming> timings() {
        requireOpen();
        if (!options.profile()) {
            throw new BadInputException("no timings: compile with CompileOptions.profiled()");
        }
        sequence.await(sequence.last());
        return program.timings();
    }

    /** Of each of the {@link #timings} what one thread takes for all that simulated ones would do. */
    long[] together() {
        timings();
        return program.together();
    }

    @Override
    public MemoryUse memory() {
        requireOpen();
        return new MemoryUse(program.activationBytes() + ownInputBytes(), program.unsharedBytes() + ownInputBytes(),
                weights == null ? 0 : weights.bytes(program.weights()));
    }

    private long ownInputBytes() {
        return inputs.values().stream().filter(t -> t.owner() == this).mapToLong(t -> t.type().bytes()).sum();
    }

    private void requireOpen() {
        if (closed) {
            throw new ClosedException("the executable is closed");
        }
    }

    @Override
    public void close() {
        synchronized (device.order()) {
            if (closed) {
                return;
            }
            closed = true;
        }
        sequence.await(sequence.last());
        for (CpuTensor slot : slots) {
            for (Sequence reader : slot.readers()) {
                reader.await(reader.last());
            }
        }
        if (deadlines != null) {
            deadlines.close();
        }
        long own = ownInputBytes();
        for (CpuTensor t : bound) {
            t.removeReader(sequence);
        }
        outputs.values().forEach(CpuTensor::closeSlot);
        inputs.values().stream().filter(t -> t.owner() == this).forEach(CpuTensor::closeSlot);
        program.free();
        device.account(-own - program.ownBytes());
        if (weights != null) {
            weights.release();
        }
        device.forget(this);
    }

    /** Errors in the data of the run under way; for tests of what kernels note. */
    Faults faults() {
        return program.faults();
    }
}
