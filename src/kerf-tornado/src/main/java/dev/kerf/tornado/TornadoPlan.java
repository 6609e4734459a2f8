package dev.kerf.tornado;

import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.ClosedException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * TornadoVM's plan for a sequence of launches. The device copies of what it computes stay until something else writes
 * or wants them; weights are copied once. Belongs to the worker.
 */
final class TornadoPlan {
    /**
     * An argument for which memory stands in.
     *
     * @param call     position of the launch
     * @param argument position in it
     * @param operand  what stands in
     */
    private record Binding(int call, int argument, PlanBuffer operand) {}

    private final List<List<Object>> arguments = new ArrayList<>();
    private final List<TaskArguments> tasks = new ArrayList<>();
    private final List<TornadoLaunch> launches = new ArrayList<>();
    private final List<Binding> bindings = new ArrayList<>();
    private final Map<TornadoBuffer, PlanBuffer> operands = new IdentityHashMap<>();
    private final Graphs graphs;
    private TornadoExecutionResult result;
    private int owned;
    private boolean retired;

    /** A plan for launches with the arguments that they have. */
    TornadoPlan(TornadoDriver driver, List<TornadoLaunch.Call> calls, boolean profiled) {
        Map<TornadoBuffer, PlanBuffer> bound = operands(calls);
        graphs = new Graphs(driver, profiled);
        try {
            for (int i = 0; i < calls.size(); i++) {
                TornadoLaunch launch = calls.get(i).launch();
                launches.add(launch);
                arguments.add(calls.get(i).arguments());
                TaskArguments task = task(i, launch, calls.get(i).arguments(), bound);
                tasks.add(task);
                graphs.add(task, launch, operands, !launch.late().isEmpty());
            }
            graphs.build(operands.values());
        } catch (RuntimeException | Error e) {
            dispose();
            throw e;
        }
    }

    /**
     * Finds out which buffers can be used as they are; returns what is used for each, and fills in what for the arrays.
     */
    private Map<TornadoBuffer, PlanBuffer> operands(List<TornadoLaunch.Call> calls) {
        Map<TornadoBuffer, PlanBuffer> bound = new IdentityHashMap<>();
        for (TornadoLaunch.Call call : calls) {
            List<Manifest.Argument> names = call.launch().kernel().manifest().arguments();
            for (int j = 0; j < names.size(); j++) {
                if (call.arguments().get(j) instanceof TornadoBuffer b && !call.launch().late().get(j)) {
                    boolean changes = names.get(j).name().equals("errors");
                    PlanBuffer operand = bound.get(b);
                    if (operand == null || changes) {
                        bound.put(b, PlanBuffer.of(b, changes));
                    }
                }
            }
        }
        for (int i = 0; i < calls.size(); i++) {
            List<Object> given = calls.get(i).arguments();
            for (int j = 0; j < given.size(); j++) {
                if (given.get(j) instanceof TornadoBuffer b && calls.get(i).launch().late().get(j)) {
                    PlanBuffer operand = bound.computeIfAbsent(b, PlanBuffer::standIn);
                    if (operand.standsIn()) {
                        bindings.add(new Binding(i, j, operand));
                    }
                }
            }
        }
        bound.values().forEach(o -> operands.put(o.memory(), o));
        return bound;
    }

    private TaskArguments task(int index, TornadoLaunch launch, List<Object> given, Map<TornadoBuffer, PlanBuffer> bound) {
        List<Object> values = new ArrayList<>(given);
        values.replaceAll(v -> v instanceof TornadoBuffer b ? bound.get(b).memory() : v);
        return new TaskArguments("t" + index, graphs.context(), launch.kernel().manifest(), launch.kernel().definitions(),
                values);
    }

    /** Whether it can run the launches with these arguments; notes which buffers need to be copied each time if not. */
    boolean takes(List<TornadoLaunch.Call> calls) {
        boolean ok = true;
        for (PlanBuffer o : operands.values()) {
            if (!o.current()) {
                o.memory().changing();
                ok = false;
            }
        }
        Map<PlanBuffer, TornadoBuffer> bound = new IdentityHashMap<>();
        for (int i = 0; ok && i < calls.size(); i++) {
            ok = calls.get(i).arguments() == arguments.get(i) || changesOnly(i, calls.get(i));
        }
        for (Binding b : bindings) {
            TornadoBuffer now = (TornadoBuffer) calls.get(b.call()).arguments().get(b.argument());
            TornadoBuffer before = bound.put(b.operand(), now);
            ok &= b.operand().takes(now) && (before == null || before == now);
        }
        return ok && apart(bound);
    }

    /** Whether a launch's arguments differ only where something stands in, and in numbers that can be replaced. */
    private boolean changesOnly(int index, TornadoLaunch.Call call) {
        List<Object> was = arguments.get(index);
        for (int j = 0; j < was.size(); j++) {
            Object now = call.arguments().get(j);
            int argument = j;
            boolean same = now instanceof TornadoBuffer ? now == was.get(j) : now.equals(was.get(j));
            boolean free = now instanceof TornadoBuffer
                    ? bindings.stream().anyMatch(b -> b.call() == index && b.argument() == argument)
                    : graphs.replaceable(index);
            if (!same && !free) {
                return false;
            }
        }
        return true;
    }

    /** Whether no buffer that is written to would be seen by way of two copies. */
    private boolean apart(Map<PlanBuffer, TornadoBuffer> bound) {
        Map<TornadoBuffer, PlanBuffer> seen = new IdentityHashMap<>();
        for (Map.Entry<PlanBuffer, TornadoBuffer> e : bound.entrySet()) {
            PlanBuffer other = seen.put(e.getValue(), e.getKey());
            other = other == null ? operands.get(e.getValue()) : other;
            if (other != null && (other.written() || e.getKey().written())) {
                return false;
            }
        }
        return true;
    }

    /** Runs; {@link #takes} was true or it is new. Timers as many as launches, or null. */
    void run(List<TornadoLaunch.Call> calls, List<TornadoTimer> timers) {
        rebind(calls);
        for (PlanBuffer o : operands.values()) {
            if (o.bound().freed()) {
                throw new ClosedException("a buffer of kernels " + kernels() + " is closed");
            }
            o.prepare();
        }
        result = graphs.execute(timers);
        for (PlanBuffer o : operands.values()) {
            o.finish(this);
        }
    }

    private void rebind(List<TornadoLaunch.Call> calls) {
        for (Binding b : bindings) {
            b.operand().bind((TornadoBuffer) calls.get(b.call()).arguments().get(b.argument()));
        }
        for (int i = 0; i < calls.size(); i++) {
            if (calls.get(i).arguments() != arguments.get(i)) {
                arguments.set(i, calls.get(i).arguments());
                graphs.replace(i, tasks.get(i).with(calls.get(i).arguments()), launches.get(i));
            }
        }
    }

    /** Names of the kernels, each once. */
    Set<String> kernels() {
        Set<String> names = new LinkedHashSet<>();
        launches.forEach(l -> names.add(l.kernel().name()));
        return names;
    }

    /** Copies an array of the last run's to the host. */
    void pull(TornadoNativeArray array) {
        for (PlanBuffer o : operands.values()) {
            if (o.memory().array() == array) {
                graphs.select(o.lastGraph());
                result.transferToHost(array);
                return;
            }
        }
        throw new IllegalStateException("an array of another plan");
    }

    /** Some more or fewer buffers have their newest contents on the device here. */
    void owns(int change) {
        owned += change;
        if (retired && owned == 0) {
            dispose();
        }
    }

    /** Isn't run again; freed as soon as nothing is wanted of its memory. */
    void retire() {
        if (!retired) {
            retired = true;
            owns(0);
        }
    }

    private void dispose() {
        graphs.close();
        operands.values().forEach(PlanBuffer::close);
    }
}
