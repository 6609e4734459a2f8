package dev.kerf.tornado;

import dev.kerf.backend.gpu.kernel.Manifest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid2D;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The task graphs of a plan, one after the other: TornadoVM describes a graph in 8 KiB, which is a hundred tasks or so.
 * Device memory is handed from each to the next.
 */
final class Graphs {
    private static final AtomicLong MADE = new AtomicLong();
    private static final int MOST_BYTES = 8000;
    private static final int MOST_TASKS = 250;
    private static final int TASK_BYTES = 15;
    private static final int ARGUMENT_BYTES = 5;
    private static final int TOUCH_BYTES = TASK_BYTES + 2 * ARGUMENT_BYTES;

    /** A graph in the making: its tasks, and the arrays that no operand stands behind. */
    private static final class Draft {
        private final List<TaskPackage> packages = new ArrayList<>();
        private final List<WorkerGrid> grids = new ArrayList<>();
        private final Map<TornadoNativeArray, Integer> loose = new IdentityHashMap<>();
        private int bytes;
        private int tasks;
    }

    private final TornadoDriver driver;
    private final boolean profiled;
    private final String name = "kerf" + MADE.incrementAndGet();
    private final KernelContext context = new KernelContext();
    private final List<Draft> drafts = new ArrayList<>();
    private final List<IntArray> scalars = new ArrayList<>();
    private final List<Boolean> replaceable = new ArrayList<>();
    private TornadoExecutionPlan plan;

    Graphs(TornadoDriver driver, boolean profiled) {
        this.driver = driver;
        this.profiled = profiled;
        drafts.add(new Draft());
    }

    KernelContext context() {
        return context;
    }

    /** Adds a launch's task. */
    void add(TaskArguments task, TornadoLaunch launch, Map<TornadoBuffer, PlanBuffer> operands, boolean changes) {
        TaskPackage made = launch.kernel().code().task(task);
        List<TornadoNativeArray> arrays = new ArrayList<>();
        for (Object o : made.getTaskParameters()) {
            if (o instanceof TornadoNativeArray a) {
                arrays.add(a);
            }
        }
        List<TornadoBuffer> buffers = operands.keySet().stream().filter(b -> arrays.contains(b.array())).toList();
        int touches = (int) buffers.stream().filter(b -> operands.get(b).firstGraph() < 0).count();
        int bytes = TASK_BYTES + ARGUMENT_BYTES * made.getTaskParameters().length + touches * TOUCH_BYTES;
        if (drafts.getLast().bytes + bytes > MOST_BYTES || drafts.getLast().tasks + 1 + touches > MOST_TASKS) {
            drafts.add(new Draft());
        }
        Draft draft = drafts.getLast();
        draft.bytes += bytes;
        draft.tasks += 1 + touches;
        draft.packages.add(made);
        draft.grids.add(grid(launch));
        scalars.add(task.made());
        replaceable.add(changes);
        for (TornadoBuffer b : buffers) {
            operands.get(b).used(drafts.size() - 1, writes(launch.kernel().manifest(), task, b));
        }
        for (TornadoNativeArray a : arrays) {
            if (buffers.stream().noneMatch(b -> b.array() == a)) {
                draft.loose.put(a, a == task.made() && changes
                        ? DataTransferMode.EVERY_EXECUTION
                        : DataTransferMode.FIRST_EXECUTION);
            }
        }
    }

    /** Whether a task writes to a buffer. */
    private static boolean writes(Manifest kernel, TaskArguments task, TornadoBuffer buffer) {
        for (Manifest.Argument a : kernel.arguments()) {
            if (a.pointer() && !a.type().startsWith("const ") && task.buffer(a.name()) == buffer) {
                return true;
            }
        }
        return false;
    }

    private static WorkerGrid grid(TornadoLaunch launch) {
        long[] g = launch.geometry().global();
        long[] l = launch.geometry().local();
        int x = Math.toIntExact(g[0]);
        WorkerGrid grid = switch (g.length) {
            case 1 -> new WorkerGrid1D(x);
            case 2 -> new WorkerGrid2D(x, Math.toIntExact(g[1]));
            default -> new WorkerGrid3D(x, Math.toIntExact(g[1]), Math.toIntExact(g[2]));
        };
        grid.setLocalWork(l[0], l.length > 1 ? l[1] : 1, l.length > 2 ? l[2] : 1);
        return grid;
    }

    /** All tasks are there. */
    void build(Collection<PlanBuffer> operands) {
        GridScheduler scheduler = new GridScheduler();
        List<ImmutableTaskGraph> graphs = new ArrayList<>();
        for (int g = 0; g < drafts.size(); g++) {
            graphs.add(graph(g, operands, scheduler));
        }
        plan = new TornadoExecutionPlan(graphs.toArray(ImmutableTaskGraph[]::new));
        driver.place(plan, profiled);
        plan.withGridScheduler(scheduler);
        if (profiled) {
            plan.withProfiler(ProfilerMode.SILENT);
        }
    }

    private ImmutableTaskGraph graph(int index, Collection<PlanBuffer> operands, GridScheduler scheduler) {
        Draft draft = drafts.get(index);
        TaskGraph graph = new TaskGraph(name + "g" + index);
        draft.loose.forEach((array, mode) -> graph.transferToDevice(mode, array));
        List<PlanBuffer> here = new ArrayList<>();
        List<PlanBuffer> handed = new ArrayList<>();
        for (PlanBuffer o : operands) {
            if (o.firstGraph() == index) {
                here.add(o);
            } else if (o.firstGraph() >= 0 && o.firstGraph() < index && o.lastGraph() >= index) {
                handed.add(o);
            }
        }
        for (PlanBuffer o : here) {
            if (o.push() != PlanBuffer.Push.NEVER) {
                graph.transferToDevice(o.push() == PlanBuffer.Push.ALWAYS
                        ? DataTransferMode.EVERY_EXECUTION
                        : DataTransferMode.FIRST_EXECUTION, o.memory().array());
            }
        }
        if (!handed.isEmpty()) {
            graph.consumeFromDevice(name + "g" + (index - 1), arrays(handed));
        }
        int touches = 0;
        for (PlanBuffer o : here) {
            if (o.needsTouch()) {
                String id = "touch" + touches++;
                graph.addTask(Touch.task(id, context, o.memory()));
                WorkerGrid one = new WorkerGrid1D(1);
                one.setLocalWork(1, 1, 1);
                scheduler.addWorkerGrid(graph.getTaskGraphName() + "." + id, one);
            }
        }
        for (int i = 0; i < draft.packages.size(); i++) {
            graph.addTask(draft.packages.get(i));
            scheduler.addWorkerGrid(graph.getTaskGraphName() + "." + draft.packages.get(i).getId(), draft.grids.get(i));
        }
        // What begins here goes first: freeing stops at what another graph has freed.
        List<PlanBuffer> kept = new ArrayList<>(here);
        kept.addAll(handed);
        kept.removeIf(o -> !o.written() && o.lastGraph() == index);
        if (!kept.isEmpty()) {
            graph.transferToHost(DataTransferMode.UNDER_DEMAND, arrays(kept));
        }
        return graph.snapshot();
    }

    private static Object[] arrays(List<PlanBuffer> operands) {
        return operands.stream().map(o -> (Object) o.memory().array()).toArray();
    }

    /** Whether a launch's numbers can be replaced. */
    boolean replaceable(int launch) {
        return replaceable.get(launch);
    }

    /** Replaces a launch's numbers. */
    void replace(int index, TaskArguments task, TornadoLaunch launch) {
        launch.kernel().code().task(task);
        for (int i = 0; task.made() != null && i < task.made().getSize(); i++) {
            scalars.get(index).set(i, task.made().get(i));
        }
    }

    /** Makes a graph the one that results are taken from. */
    void select(int graph) {
        if (drafts.size() > 1) {
            plan.withGraph(graph);
        }
    }

    /** Runs all, and gives each task's time to its timer if there are any. */
    TornadoExecutionResult execute(List<TornadoTimer> timers) {
        TornadoExecutionResult result = null;
        int first = 0;
        for (int g = 0; g < drafts.size(); g++) {
            result = plan.withGraph(g).execute();
            if (timers != null) {
                Profile profile = new Profile(result.getProfilerResult().getProfileLog());
                for (TaskPackage p : drafts.get(g).packages) {
                    TornadoTimer timer = timers.get(first++);
                    if (timer != null) {
                        timer.set(profile.nanos(name + "g" + g + "." + p.getId()));
                    }
                }
            }
        }
        return result;
    }

    /** Frees the device memory. */
    void close() {
        for (int g = 0; plan != null && g < drafts.size(); g++) {
            try {
                plan.withGraph(g).freeDeviceMemory();
            } catch (RuntimeException | Error e) {
                driver.freed(e);
            }
        }
        plan = null;
    }
}
