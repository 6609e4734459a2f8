"""Runs graphs of Kerf in PyTorch and times them, as `kerf bench --peers torch` asks: a line of JSON in, a line of JSON out.

A request names a folder with a graph (program.json: nodes in an order of execution, their attributes as Kerf's records have them)
and its numbers (data.bin). Each node is the one function of torch, torch.nn.functional or torchvision.ops that its author would
have called, eagerly: convolutions with a bias, layer norms, scaled_dot_product_attention, batched_nms, roi_align. What depends on
weights alone is computed once. Rows that a count leaves out aren't there, as in torchvision.
"""
import json
import math
import os
import queue
import sys
import threading
import time

try:
    import torch
    from torch_ops import DTYPES, OPS, Missing, torchvision
    absent = None
except Exception as e:  # one that is broken is absent, too
    torch, absent = None, e

COMPARED = 1 << 14  # most numbers of a result that are compared
LARGEST = 3.4028234663852886e38  # of float32
LEAST_RUNS = 5
STEADY = 0.98


def load(folder, device):
    """The graph's description, and the tensors that it comes with by value."""
    with open(os.path.join(folder, "program.json"), encoding="utf-8") as f:
        program = json.load(f)
    with open(os.path.join(folder, "data.bin"), "rb") as f:
        data = bytearray(f.read())
    known = {}
    for key, t in program["tensors"].items():
        dtype = DTYPES[t["dtype"]]
        n = math.prod(t["shape"])
        flat = torch.frombuffer(data, dtype=dtype, count=n, offset=t["at"]) if n else torch.empty(0, dtype=dtype)
        known[int(key)] = flat.reshape(t["shape"]).clone().to(device)
    return program, known


class Network:
    """A graph, its weights in place."""

    def __init__(self, folder, device):
        self.program, self.known = load(folder, device)
        given = set(self.program["inputs"].values()) | set(self.program["states"].values())
        self.inputs = {n: self.known[v] for n, v in self.program["inputs"].items()}
        fixed = set(self.known) - given
        self.steps = []
        self.values = dict(self.known)
        for n in self.program["nodes"]:
            if n["op"] not in OPS:
                raise Missing(f"PyTorch has no function for {n['op']}")
            step = (OPS[n["op"]], n["attributes"], n["in"], n["out"])
            if all(i in fixed for i in n["in"]):
                self.step(self.values, step)
                fixed |= set(n["out"])
            else:
                self.steps.append(step)
        last = {i: s for s, (_, _, inputs, _) in enumerate(self.steps) for i in inputs}
        kept = set(self.program["outputs"].values()) | set(self.values)
        self.dead = [[i for i in set(inputs) | set(outputs) if last.get(i, s) == s and i not in kept]
                     for s, (_, _, inputs, outputs) in enumerate(self.steps)]

    @staticmethod
    def step(values, step):
        f, a, inputs, outputs = step
        y = f(a, *fitting(a, [values[i] for i in inputs]))
        if len(outputs) == 1:
            values[outputs[0]] = y
        else:
            values.update(zip(outputs, y))

    def run(self):
        values = dict(self.values)
        for step, dead in zip(self.steps, self.dead):
            self.step(values, step)
            for i in dead:
                del values[i]
        return values

    def output(self, values, name):
        """Evenly spread numbers of an output, zeros where rows aren't there."""
        y = values[self.program["outputs"][name]].float().cpu()
        shape = self.program["shapes"][name]
        if list(y.shape) != shape:
            whole = torch.zeros(shape)
            whole[tuple(slice(0, n) for n in y.shape)] = y
            y = whole
        flat, n = y.reshape(-1), min(COMPARED, y.numel())
        # JSON has no infinities and no NaN; the process that measures Kerf says the same in their place.
        flat = torch.nan_to_num(flat, nan=LARGEST / 2, posinf=LARGEST, neginf=-LARGEST)
        return [float(flat[y.numel() * i // n]) for i in range(n)]


def fitting(a, operands):
    """Operands of a pointwise op, those that have a row for each that could be there cut to the rows that are."""
    axis, full = a.get("counted", -1), a.get("capacity", 0)
    if axis < 0 or not a.get("pointwise"):
        return operands
    from_end = a["rank"] - axis
    there = min(x.shape[-from_end] for x in operands if x.dim() >= from_end and x.shape[-from_end] != 1)
    return [x.narrow(-from_end, 0, there) if x.dim() >= from_end and x.shape[-from_end] == full else x for x in operands]


# --- measuring, by the rules of the process that measures Kerf ---

def steady(times):
    half = max(fewest(times[-1]), len(times) // 2)
    return len(times) >= 2 * half and min(times[-half:]) >= STEADY * min(times[-2 * half:-half])


def enough(runs, nanos, limit):
    return nanos >= limit / 3 or runs >= 30 and nanos >= min(500_000_000, limit / 10)


def fewest(nanos):
    return 3 if nanos < 1_000_000_000 else 2


def warm_up(run, limit):
    times, start, looked = [], time.perf_counter_ns(), 4
    while True:
        before = time.perf_counter_ns()
        run()
        now = time.perf_counter_ns()
        times.append(now - before)
        if len(times) >= looked and enough(len(times), now - start, limit):
            if steady(times):
                return now - start, len(times)
            looked = len(times) + 1 + len(times) // 10
        if len(times) >= 2 * fewest(times[-1]) and now - start >= limit:
            return None, len(times)


def repeated(run, runs, limit):
    times, start = [], time.perf_counter_ns()
    while len(times) < runs and (len(times) < LEAST_RUNS or time.perf_counter_ns() - start < limit):
        before = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - before)
    return times


def host_load():
    """When, this process's seconds on processors, those of all, those that the hypervisor kept: see proc_stat(5)."""
    try:
        with open("/proc/stat", encoding="ascii") as f:
            ticks = [int(t) for t in f.readline().split()[1:]]
        return time.monotonic(), time.process_time(), (sum(ticks[:7]) - ticks[3] - ticks[4]) / 100, ticks[7] / 100
    except (OSError, IndexError):
        return time.monotonic(), time.process_time(), math.nan, math.nan


def said(file, key):
    """What follows a colon in the lines of a file that begin with a key; nothing where there is no such file."""
    try:
        with open(file, encoding="utf-8") as f:
            return [line.split(":")[1] for line in f if line.startswith(key)]
    except OSError:
        return []


def clock_mhz():
    """The clock of the host's processors now; None if nobody says."""
    all_mhz = [float(v) for v in said("/proc/cpuinfo", "cpu MHz")]
    return sum(all_mhz) / len(all_mhz) if all_mhz else None


def peak_bytes():
    """Most memory that this process held; None if nobody says. What getrusage says counts its parent's, too."""
    peak = said("/proc/self/status", "VmHWM")
    return int(peak[0].split()[0]) * 1024 if peak else None


def measure(request):
    device = torch.device("cuda" if request["engine"].endswith(":cuda") else "cpu")
    cuda = device.type == "cuda"
    torch.set_num_threads(request["threads"])
    half = {"FLOAT16": torch.float16, "BFLOAT16": torch.bfloat16}.get(request["precision"])
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = request["precision"] == "TF32"
    wait = torch.cuda.synchronize if cuda else (lambda: None)
    mode = lambda: torch.autocast(device.type, half, enabled=half is not None)
    with torch.inference_mode(), mode():
        start = time.perf_counter_ns()
        networks = [Network(request["program"], device) for _ in range(request["callers"])]
        net = networks[0]
        prepared = time.perf_counter_ns() - start

        def run(n=net):
            n.last = n.run()
            wait()

        start = time.perf_counter_ns()
        run()
        first = time.perf_counter_ns() - start
        before = host_load()
        limit = request["limit_ms"] * 1_000_000
        warm, warm_runs = warm_up(run, request["warm_up_ms"] * 1_000_000)
        times = {}
        if len(networks) == 1:
            times["compute"] = repeated(run, request["runs"], limit)
            rate = request["batch"] * 1e9 * len(times["compute"]) / sum(times["compute"])
        else:
            rate = together(networks, run, mode, request, limit, times)
        if cuda and len(networks) == 1:
            moves(net, device, wait, request, limit, times)
        clock, after = clock_mhz(), host_load()
        result = net.output(net.last, request["compared"]) if request["compared"] else []
    passed = max(1e-9, after[0] - before[0])
    others = max(0.0, (after[2] - before[2] - (after[1] - before[1])) / passed)
    stolen = (after[3] - before[3]) / passed
    process = {"prepare_ns": prepared, "first_run_ns": first, "warm_up_ns": warm, "warm_up_runs": warm_runs,
               "heap_bytes_per_run": None,
               "peak_bytes": peak_bytes() if request["alone"] else None,
               "device_bytes": torch.cuda.max_memory_allocated() if cuda else None, "images_per_s": rate,
               "other_processors": None if math.isnan(others) else others, "stolen_processors": None if math.isnan(stolen) else stolen,
               "cpu_mhz": clock, "watts": None}
    return {"device": torch.cuda.get_device_name() if cuda else None, "driver": version(), "times_ns": times, "process": process,
            "nodes": [], "output": result}


def together(networks, run, mode, request, limit, times):
    """Threads that ask for runs at once, each of a network of its own; images a second that all were given."""
    for n in networks:
        run(n)
    all_times = [None] * len(networks)

    def call(i):
        with torch.inference_mode(), mode():
            all_times[i] = repeated(lambda: run(networks[i]), request["runs"], limit)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(len(networks))]
    start = time.perf_counter_ns()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    times["compute"] = [t for some in all_times for t in some]
    return request["batch"] * 1e9 * len(times["compute"]) / (time.perf_counter_ns() - start)


def moves(net, device, wait, request, limit, times):
    """Inputs to a GPU and what is wanted back, each by itself and waited for."""
    host = {n: x.cpu() for n, x in net.inputs.items()}
    wanted = [n for n in net.program["outputs"] if n == "labels"] or list(net.program["outputs"])

    def upload():
        for n, x in host.items():
            net.inputs[n].copy_(x)
        wait()

    times["upload"] = repeated(upload, request["runs"], limit // 4)
    times["download"] = repeated(lambda: [net.last[net.program["outputs"][n]].cpu() for n in wanted], request["runs"], limit // 4)


def version():
    return f"torch {torch.__version__}" + ("" if torchvision is None else f", torchvision {torchvision.__version__}")


def answer(line):
    if torch is None:
        return {"error": f"PyTorch is absent: {sys.executable} can't import torch ({absent}); --python names an interpreter that can"}
    request = json.loads(line)
    if request.get("probe"):
        return {"cuda": torch.cuda.is_available(), "driver": version()}
    try:
        return measure(request)
    except Missing as e:
        return {"error": str(e)}
    except Exception as e:  # it costs its own row alone
        said = str(e).strip().splitlines()
        return {"error": f"PyTorch failed: {type(e).__name__}" + (f": {said[0]}" if said else "")}


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    lines = queue.Queue()

    def read():
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)  # who asked is gone

    threading.Thread(target=read, daemon=True).start()
    while True:
        answers.write(json.dumps(answer(lines.get())) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
