"""The bars of the three programs together."""
import subprocess
import time

from . import peers
from .bar import Bar, Figure
from .filters import (count, cpu, expect, per_million, said, server_note)
from .machine import cpu_ticks, idle
from .stats import PAIRS, median, pairs, series, turns
from .world import BENCH, PROBES, extract, load, transform

LAG_RATE = 100              # transactions a second
LAG_INTERVAL = 0.1          # of extract --follow, in seconds
TABLES = 5


def pipeline(w, table, env, **kw):
    return w.meter(extract(table), transform(w), load(), env=env, **kw)


# --- CPU, rows a second, and what others use ---

def all_bars(w):
    use = Bar("all-cpu", "all three, CPU-s per million rows", "at most 0.8",
              0.8, "CPU-s").by_clock()
    rate = Bar("all-rate", "all three, rows/s into mongosink",
               "at least 0.8 M", 0.8, "M rows/s", at_most=False).by_clock()
    with w.sink("--log", w.path("sent")) as env:
        runs = series(lambda: pipeline(w, "orders", env))
    expect(sent(w.path("sent")), w.rows * PAIRS, "documents")
    use.values([r.cpu * 1e6 / w.rows for r in runs])
    rate.values([w.rows / r.wall / 1e6 for r in runs])
    return [use, rate], [
        Figure(f"{name}, in the pipeline",
               [(r.stages[i]["user"] + r.stages[i]["sys"]) * 1e6 / w.rows
                for r in runs], "CPU-s per million rows")
        for i, name in enumerate(("extract", "transform", "load"))]


def sent(log):
    """The documents in mongosink's log."""
    with open(log) as f:
        return sum(int(line.split()[1]) for line in f if
                   line.startswith(("insert ", "update ")))


def script_bar(w, table, rows):
    """Against what is written in an hour: mysql | jq | pymongo."""
    bar = Bar("all-script", "all three, CPU of mysql | jq | pymongo",
              "at most 1/5", 0.2)
    python = peers.venv("pymongo", peers.PYMONGO)
    if python is None or not peers.have("jq"):
        return [bar.not_run("jq or pymongo can't be had")], []
    out = w.path("out")
    with w.sink() as env:
        def theirs():
            return w.meter(peers.mysql(w, table), peers.jq("batch.jq", "-R"),
                           [python, BENCH / "pymongo_load", table],
                           env=env, stdout=out)

        a, b = pairs(lambda: pipeline(w, table, env), theirs)
    expect(said(out)["rows"], rows, "rows of the script")
    return [bar.ratios(a, b, of=cpu)], [
        per_million("mysql | jq | pymongo", b, rows)]


# --- Memory ---

def memory_bars(w, big, big_rows):
    peak = Bar("memory", "peak memory of the three, summed",
               "at most 32 MiB", 32, "MiB")
    slope = Bar("memory-slope", f"more of it with {big_rows} rows than "
                f"with {w.rows}", "at most 1 MiB", 1, "MiB")
    with w.sink() as env:
        small = series(lambda: pipeline(w, "orders", env), 5)
        large = series(lambda: pipeline(w, big, env), 5)
    peak.exact([r.rss / 1024 for r in large])
    slope.exact([(b.rss - a.rss) / 1024 for a, b in zip(small, large)])
    return [peak, slope], [
        Figure(f"peak memory of {name}",
               [r.stages[i]["rss"] / 1024 for r in large], "MiB")
        for i, name in enumerate(("extract", "transform", "load"))]


# --- Start ---

def start_bar(w):
    """From exec to the first write command at the target, without what
    connecting to the source and its first row take anyway."""
    bar = Bar("start", "start to first row written, beside the servers' time",
              "at most 50 ms", 50, "ms").by_clock()
    out, seen = w.path("out"), w.path("seen")
    whole, servers = [], []
    for _ in range(PAIRS):
        w.meter([PROBES / "fetch", "SELECT * FROM orders"], stdout=out)
        servers.append(said(out)["first"] * 1e3)
        with w.sink("--seen", seen) as env:
            run = pipeline(w, "orders", env)
        with open(seen) as f:
            whole.append((int(f.readline().split()[0]) - run.start) / 1e6)
    bar.values([a - b for a, b in zip(whole[1:], servers[1:])])
    return [bar], [
        Figure("start to first row written, in all", whole[1:], "ms"),
        Figure("the source's own time to its first row", servers[1:], "ms")]


# --- Lag ---

LAG_SQL = """DROP TABLE IF EXISTS lagged; CREATE TABLE lagged (
    id INT NOT NULL PRIMARY KEY, note VARCHAR(20),
    updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
    ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at))"""


def lag_run(w, env, seconds, *options):
    """Follow a table while lagprobe writes into it; its answer."""
    w.sql(LAG_SQL)
    env = dict(w.env, **env)
    out = w.path("out")
    with open(w.path("lag.err"), "w") as err:
        a = subprocess.Popen(
            [*extract("--follow", f"{LAG_INTERVAL * 1e3:.0f}ms", "lagged")],
            env=env, cwd=w.tmp, stdout=subprocess.PIPE, stderr=err)
        b = subprocess.Popen(transform(w), env=env, cwd=w.tmp, stdin=a.stdout,
                             stdout=subprocess.PIPE, stderr=err)
        c = subprocess.Popen(load(), env=env, cwd=w.tmp, stdin=b.stdout,
                             stdout=subprocess.DEVNULL, stderr=err)
        a.stdout.close()
        b.stdout.close()
        try:
            w.meter([PROBES / "lagprobe", *options, "lagged", LAG_RATE,
                     LAG_RATE * seconds], stdout=out, env=env)
        finally:
            a.terminate()
            for p in (a, b, c):
                p.wait()
    return said(out)


def lag_bars(w, seconds):
    ms = LAG_INTERVAL * 1e3
    p50 = Bar("lag-p50", f"lag at {LAG_RATE} tx/s, poll every {ms:.0f} ms, "
              "p50", f"at most {ms / 2 + 5:.0f} ms", ms / 2 + 5,
              "ms").by_clock()
    p99 = Bar("lag-p99", f"lag at {LAG_RATE} tx/s, poll every {ms:.0f} ms, "
              "p99", f"at most {2 * ms:.0f} ms", 2 * ms,
              "ms").by_clock()
    runs = []
    for _ in range(3):
        seen = w.path("seen")
        with w.sink("--seen", seen) as env:
            runs.append(lag_run(w, env, seconds, "--seen", seen))
        expect(runs[-1]["lost"], 0, "rows that never came")
    p50.exact([r["p50"] for r in runs])
    p99.exact([r["p99"] for r in runs])
    w.mongo("drop")
    real = lag_run(w, {"MONGODB_URI": w.real_uri}, seconds)
    note = server_note(w)
    where = "the real server" + (f" ({note})" if note else "")
    return [p50, p99], [
        Figure("lag, p99.9", [r["p999"] for r in runs], "ms"),
        Figure("lag, maximum", [r["max"] for r in runs], "ms"),
        *(Figure(f"lag to {where}, {q}", [real[q]], "ms")
          for q in ("p50", "p99", "max"))]


# --- Many tables ---

def tables_bar(w, rows):
    """Five pipelines one after another, and at once, to the real server."""
    bar = Bar("tables", "five tables at once, times one after another",
              "at least 1.6", 1.6, at_most=False).by_clock()
    names = [f"orders_{i}" for i in range(TABLES)]
    for name in names:
        w.fill(name, rows)
    env = dict(w.env, MONGODB_URI=w.real_uri)

    def begin(name):
        line = " | ".join(" ".join(map(str, s)) for s in
                          (extract(name), transform(w), load()))
        return subprocess.Popen(["bash", "-o", "pipefail", "-c", line],
                                env=env, cwd=w.tmp,
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    unused = {False: [], True: []}

    def timed(at_once):
        w.mongo("drop")
        ticks = cpu_ticks()
        t = time.monotonic()
        if at_once:
            codes = [p.wait() for p in [begin(n) for n in names]]
        else:
            codes = [begin(n).wait() for n in names]
        t = time.monotonic() - t
        unused[at_once].append(idle(ticks) * 100)
        expect(codes, [0] * TABLES, "exit codes")
        return t

    a, b = pairs(lambda: timed(False), lambda: timed(True))
    for name in names:
        expect(int(w.mongo("count", name)), rows, "documents")
    w.mongo("drop")
    return [bar.ratios(a, b, of=lambda t: t).note(server_note(w))], [
        Figure("five tables at once", [TABLES * rows / median(b)], "rows/s"),
        Figure("five tables at once, of all cores idle", unused[True], "%"),
        Figure("one after another, of all cores idle", unused[False], "%")]


# --- The wide and ugly table ---

def wide_figures(w, table, rows):
    """No bar: the worst case, beside the same peers."""
    stream = w.path("wide.stream")
    w.meter(extract(table), stdout=stream)
    expect(count(stream, b'{"type":"RECORD"'), rows, "rows of extract")
    runs = {
        "mysql --batch --quick": lambda: w.meter(peers.mysql(w, table)),
        "extract": lambda: w.meter(extract(table)),
        "transform": lambda: w.meter(transform(w), stdin=stream),
        "jq -c .": lambda: w.meter(["jq", "-c", "."], stdin=stream)}
    if not peers.have("jq"):
        del runs["jq -c ."]
    with w.sink() as env:
        runs["load"] = lambda: w.meter(load(), stdin=stream, env=env)
        runs["the naive loader"] = lambda: w.meter(
            [PROBES / "naive", table, "id"], stdin=stream, env=env)
        return [], [per_million(f"wide table: {name}", got, rows)
                    for name, got in turns(runs, 4).items()]
