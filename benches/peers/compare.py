"""Times the same workloads on metamlp and its peers in turn and writes docs/performance.md.

usage: compare.py --workers WORKERS.json --output PERFORMANCE.md [--rounds N] [--milliseconds M] [--cases CASE,..]

WORKERS.json, which `run` writes: {"peers": {name: {"serve": command, "once": command or null}}, "versions": {..}};
`{threads}` in a command stands for the number of threads. With one thread a worker is pinned to one processor.

One worker process per peer and number of threads stays alive; they run in turn, in an order that rotates. A round
counts if all other processes together used less than 0.15 of a core, otherwise it is repeated, at most three times.
A cell is the median of the medians of its rounds, and in brackets the minimum of all times.
"""
import argparse
import datetime
import json
import os
import platform
import selectors
import statistics
import subprocess
import sys
import time

OURS = "metamlp"
BUSY = 0.15
TICKS = os.sysconf("SC_CLK_TCK")

# Title, case, and the cases of peers it is set beside where those have another name.
WORKLOADS = [
    ("MLP 1568-512-512-512-784, forward, batch 1", "W1_b1", {}),
    ("the same, batch 32", "W1_b32", {}),
    ("the same, batch 128", "W1_b128", {}),
    ("its training step: MSE, gradients, Adam, batch 128", "W2_b128", {}),
    ("model of the documentation of `init`, compiled, batch 1", "W3_1", {}),
    ("the same, batch 256", "W3_256", {}),
    ("the same not compiled, batch 1", "W3_1_eager", {}),
    ("`init` of the MLP", "W4_mlp_eager", {"*": "W4_mlp_jit"}),
    ("`init` of 12 transformer blocks", "W4_tf_eager", {"*": "W4_tf_jit"}),
    ("`init` of the MLP against a first call with compilation", "W4_mlp_eager", {"*": "W4_mlp_first"}),
    ("shapes of the MLP's variables", "W4_mlp_shape", {}),
    ("shapes of 12 blocks' variables", "W4_tf_shape", {}),
    ("gelu, [4096, 768]", "W6_gelu", {}),
    ("gelu and layer norm", "W6_geluln", {}),
    ("layer norm", "W6_ln", {}),
    ("softmax, [512, 4096]", "W6_softmax", {}),
    ("CNN, batch 64, forward", "W7_fwd", {}),
    ("its training step", "W7_train", {}),
    ("12 transformer blocks, forward, batch 8", "TF_fwd_b8", {}),
    ("product 512 x 512 x 512", "W8_512x512x512", {}),
    ("product 1024 x 1024 x 1024", "W8_1024x1024x1024", {}),
    ("product 128 x 1568 x 512", "W8_128x1568x512", {}),
]


def busy():
    """Seconds of all processors' work so far."""
    user, nice, system, _, _, irq, softirq, steal = map(int, open("/proc/stat").readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def spent(pid):
    """Seconds of a process's work so far."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def faults(pid):
    """Page faults of a process so far."""
    return int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[7])


def wait_for_quiet(longest=20.0):
    end = time.time() + longest
    while time.time() < end:
        before, begin = busy(), time.time()
        time.sleep(0.12)
        if (busy() - before) / (time.time() - begin) <= BUSY:
            return


class Worker:
    def __init__(self, name, command, threads):
        environment = dict(os.environ)
        for variable in ("RAYON", "CANDLE", "OMP", "MATMUL"):
            environment[f"{variable}_NUM_THREADS"] = str(threads)
        command = [part.replace("{threads}", str(threads)) for part in command]
        pin = ["taskset", "-c", "1"] if threads == 1 else []
        self.name = name
        self.process = subprocess.Popen(
            pin + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        self.process.stdout.readline()

    def ask(self, case, milliseconds):
        """The answer, and how many cores other processes took meanwhile."""
        if self.process.poll() is not None:
            return {"err": "ended"}
        before, own, begin = busy(), spent(self.process.pid), time.time()
        self.process.stdin.write(f"{case} {milliseconds}\n")
        self.process.stdin.flush()
        selector = selectors.DefaultSelector()
        selector.register(self.process.stdout, selectors.EVENT_READ)
        if not selector.select(120):
            self.process.kill()
            self.process.wait()
            return {"err": "no answer"}
        line = self.process.stdout.readline()
        if not line:
            return {"err": "ended"}
        answer = json.loads(line)
        answer["others"] = (busy() - before - (spent(self.process.pid) - own)) / (time.time() - begin)
        return answer

    def end(self):
        if self.process.poll() is not None:
            return
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()


def measure(workers, case, others, rounds, milliseconds):
    """For each worker the median of its rounds, its least time, and its clean rounds."""
    names = {worker.name: case if worker.name == OURS else others.get("*", case) for worker in workers}
    alive = [worker for worker in workers if "err" not in worker.ask(names[worker.name], 1)]
    medians = {worker.name: [] for worker in alive}
    least = {worker.name: float("inf") for worker in alive}
    clean = {worker.name: 0 for worker in alive}
    for number in range(rounds):
        turn = number % max(1, len(alive))
        for worker in alive[turn:] + alive[:turn]:
            for _ in range(3):
                wait_for_quiet()
                answer = worker.ask(names[worker.name], milliseconds)
                if "err" in answer or answer["others"] <= BUSY:
                    break
            if "err" in answer:
                continue
            clean[worker.name] += answer["others"] <= BUSY
            medians[worker.name].append(statistics.median(answer["us"]))
            least[worker.name] = min(least[worker.name], min(answer["us"]))
    return {name: (statistics.median(m), least[name], clean[name]) for name, m in medians.items() if m}


def process_start(peers, which, rounds):
    """Milliseconds of a process that makes a model and one result."""
    times = {name: [] for name, peer in peers.items() if peer.get("once")}
    for number in range(rounds + 1):
        for name in times:
            wait_for_quiet()
            begin = time.perf_counter()
            subprocess.run(peers[name]["once"] + [which], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            if number > 0:  # the first fills the page cache
                times[name].append((time.perf_counter() - begin) * 1e6)
    return {name: (statistics.median(t), min(t), len(t)) for name, t in times.items()}


def page_faults(workers, case):
    """Page faults per call of metamlp's worker after the warm-up."""
    ours = next(worker for worker in workers if worker.name == OURS)
    ours.ask(case, 200)
    before = faults(ours.process.pid)
    answer = ours.ask(case, 500)
    return (faults(ours.process.pid) - before) / max(1, len(answer["us"]))


def written(microseconds):
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
        if microseconds >= size or unit == "µs":
            return f"{microseconds / size:.3g} {unit}"


def row(title, found):
    """A line of the table: ours, the best peer and the ratio, and all others."""
    if OURS not in found:
        return f"| {title} | - | - | - | |"
    ours, least, _ = found[OURS]
    peers = sorted((time, name) for name, (time, _, _) in found.items() if name != OURS)
    cell = f"{written(ours)} ({written(least)})"
    if not peers:
        return f"| {title} | {cell} | - | - | |"
    best, name = peers[0]
    rest = ", ".join(f"{other} {written(time)}" for time, other in peers[1:])
    return f"| {title} | {cell} | {name} {written(best)} ({written(found[name][1])}) | {ours / best:.2f} | {rest} |"


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    flags = open("/proc/cpuinfo").read()
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else platform.machine()
    return f"{os.cpu_count()} virtual processors, {model} with {vectors}"


HEAD = """# Performance

The same workloads on metamlp and its peers, in turn, in one session. `benches/peers/compare.py` writes every number.

- Machine: {machine}. Date: {date}.
- Versions: {versions}.
- All computations are in `f32`. A cell is the median of the medians of {rounds} rounds, and in brackets the minimum of
  all times. A round was repeated if other processes took more than {busy} of a core. *Ratio* is metamlp's time divided
  by the best peer's: below 1 metamlp is faster. The machine is shared, so differences below a tenth are noise.
- Flax runs under `jit`, and its training steps donate their state. candle and burn run as compiled programs. torch runs
  eagerly and, where the table says so, with `torch.compile`. The matrix-product crates run matrix products only.
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--milliseconds", type=float, default=250)
    parser.add_argument("--cases", default="")
    arguments = parser.parse_args()
    settings = json.load(open(arguments.workers))
    wanted = [prefix for prefix in arguments.cases.split(",") if prefix]
    is_wanted = lambda case: not wanted or any(case.startswith(prefix) for prefix in wanted)
    versions = ", ".join(f"{name} {version}" for name, version in settings["versions"].items())
    text = HEAD.format(
        machine=machine(), date=datetime.date.today(), versions=versions, rounds=arguments.rounds, busy=BUSY
    )
    for threads in (1, 2):
        workers = [Worker(name, peer["serve"], threads) for name, peer in settings["peers"].items()]
        text += f"\n## {threads} thread{'s' if threads > 1 else ''}\n\n"
        text += "| workload | metamlp | best peer | ratio | others |\n|---|---|---|---|---|\n"
        for title, case, others in WORKLOADS:
            if is_wanted(case):
                found = measure(workers, case, others, arguments.rounds, arguments.milliseconds)
                line = row(title, found)
                print(threads, line, {name: clean for name, (_, _, clean) in found.items()}, file=sys.stderr, flush=True)
                text += line + "\n"
        if is_wanted("faults"):
            cases = ("W1_b128", "W2_b128", "W6_geluln", "W7_train", "TF_fwd_b8")
            counts = ", ".join(f"{case} {page_faults(workers, case):.1f}" for case in cases)
            text += f"\nPage faults of metamlp per call after the warm-up: {counts}.\n"
        for worker in workers:
            worker.end()
    if is_wanted("W5"):
        text += "\n## A fresh process up to its first result\n\n"
        text += "| model | metamlp | best peer | ratio | others |\n|---|---|---|---|---|\n"
        for title, which in (("MLP, batch 32", "mlp"), ("CNN, batch 64", "cnn")):
            text += row(title, process_start(settings["peers"], which, arguments.rounds)) + "\n"
    open(arguments.output, "w").write(text)


main()
