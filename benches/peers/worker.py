"""The line protocol of the workers that compare.py asks.

A request is a line `CASE MILLISECONDS`; an answer is a JSON object on a line: {"case", "us": microseconds a
call, one figure a block} or {"case", "err"}. A case is made ready and warmed up by its first request; calls
that are short beside the clock are timed in blocks. Our own worker (benches/workloads) does the same.
"""
import json
import sys
import time


def serve(case_of, peer):
    """Answers until the input ends. `case_of(name)` gives a function to time, or raises KeyError."""
    print(json.dumps({"ready": peer}), flush=True)
    cases = {}
    for line in sys.stdin:
        name, milliseconds = line.split()
        try:
            if name not in cases:
                cases[name] = prepared(case_of(name))
            call, block = cases[name]
            answer = {"case": name, "us": measured(call, block, float(milliseconds) / 1e3)}
        except Exception as error:  # a case that this peer does not have
            answer = {"case": name, "err": repr(error)[:300]}
        print(json.dumps(answer), flush=True)


def prepared(call):
    """The function, warmed up, and how many calls of it take 0.2 ms."""
    call()
    begin, calls = time.perf_counter(), 0
    while calls < 3 or (time.perf_counter() - begin < 0.05 and calls < 2000):
        call()
        calls += 1
    each = (time.perf_counter() - begin) / calls
    return call, max(1, min(1000, int(200e-6 / each)))


def measured(call, block, seconds):
    """Microseconds a call in each block that fits into `seconds`; three at least."""
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in range(block):
            call()
        times.append((time.perf_counter() - begin) / block * 1e6)
    return times
