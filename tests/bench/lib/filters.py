"""The bars of each program alone."""
import itertools
import json
import re
import subprocess

from . import peers
from .bar import Bar, Figure
from .stats import pairs, series
from .world import (PROBES, Broken, extract, load, transform)


def cpu(run):
    return run.cpu


def wall(run):
    return run.wall


def per_million(what, runs, rows):
    return Figure(what, [r.cpu * 1e6 / rows for r in runs],
                  "CPU-s per million rows")


def count(path, what=b"\n"):
    """How often the bytes occur in a file; also across its blocks."""
    n, tail = 0, b""
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            block = tail + block
            n += block.count(what)
            tail = block[len(block) - len(what) + 1:]
    return n


def expect(got, wanted, what):
    if got != wanted:
        raise Broken(f"{what}: {got}, not {wanted}")


def said(path):
    """What a probe has printed."""
    with open(path) as f:
        return json.load(f)


# --- extract ---

def extract_bars(w):
    mysql = Bar("extract-mysql", "extract, CPU of mysql --batch --quick",
                "at most 1/4", 0.25)
    dumper = Bar("extract-mydumper", "extract, CPU of mydumper",
                 "at most 1/2", 0.5)
    fetch = Bar("extract-fetch", "extract, wall of the bare fetch loop",
                "at most 1.10", 1.10).by_clock()
    figures, mine = [], []

    def ours():
        return w.meter(extract("orders"))

    def against(name, theirs):
        a, b = pairs(ours, theirs)
        figures.append(per_million(name, b, w.rows))
        mine.extend(a)
        return a, b

    out = w.path("out")
    w.left_out("mysqlbinlog", "extract doesn't read the binary log")
    w.meter(extract("orders"), stdout=out)
    expect(count(out, b'{"type":"RECORD"'), w.rows, "rows of extract")
    w.meter(peers.mysql(w, "orders"), stdout=out)
    expect(count(out), w.rows, "rows of mysql")
    mysql.ratios(*against("mysql --batch --quick", lambda: w.meter(
        peers.mysql(w, "orders"))), of=cpu)
    if peers.have("mydumper"):
        w.meter(peers.mydumper(w, "orders", to_null=False))
        dump = w.tmp / "mydumper" / f"{w.env['MYSQL_DATABASE']}.orders.sql"
        expect(count(dump, b"\n(") + count(dump, b"\n,("), w.rows,
               "rows of mydumper")
        dumper.ratios(*against("mydumper -t 1", lambda: w.meter(
            peers.mydumper(w, "orders"))), of=cpu)
    else:
        dumper.not_run("mydumper is not installed")
    w.meter([PROBES / "fetch", "SELECT * FROM orders"], stdout=out)
    expect(said(out)["rows"], w.rows, "rows of fetch")
    fetch.ratios(*against("the bare fetch loop", lambda: w.meter(
        [PROBES / "fetch", "SELECT * FROM orders"])), of=wall)
    figures.append(per_million("mysqldump --quick", series(
        lambda: w.meter(peers.mysqldump(w, "orders")), 4), w.rows))
    figures.append(per_million("extract", mine, w.rows))
    return [mysql, dumper, fetch], figures


# --- transform ---

def same_json(a, b):
    """Are the records and states of two streams equal as parsed JSON?"""
    with open(a) as f, open(b) as g:
        for x, y in itertools.zip_longest(f, g):
            if x != y and (x is None or y is None or (
                    json.loads(x) != json.loads(y) and
                    json.loads(x)["type"] != "SCHEMA")):
                raise Broken(f"transform and jq differ: {x} {y}")


def transform_bars(w, stream, few, few_rows):
    """few: the first rows of the stream, for the slow one."""
    peer = Bar("transform-jq", "transform, CPU of jq on the same mapping",
               "at most 1/35", 1 / 35)
    rate = Bar("transform-rate", "transform between two pipes, input per CPU-s",
               "at least 1 GB", 1.0, "GB", at_most=False).by_clock()
    figures = []
    out, other = w.path("out"), w.path("other")
    if peers.have("jq"):
        w.meter(transform(w), stdin=few, stdout=out)
        w.meter(peers.jq("orders.jq"), stdin=few, stdout=other)
        same_json(out, other)
        a, b = pairs(lambda: w.meter(transform(w), stdin=few),
                     lambda: w.meter(peers.jq("orders.jq"), stdin=few))
        peer.ratios(a, b, of=cpu)
        figures.append(per_million("jq, the same mapping", b, few_rows))
    else:
        peer.not_run("jq is not installed")
    size = count_bytes(stream)
    runs = series(lambda: w.meter(["cat"], transform(w), ["cat"],
                                  stdin=stream))
    mine = [r.stages[1]["user"] + r.stages[1]["sys"] for r in runs]
    rate.values([size / 1e9 / c for c in mine])
    figures.append(Figure("transform, between two pipes",
                          [c * 1e6 / w.rows for c in mine],
                          "CPU-s per million rows"))
    figures.append(Figure("transform between two cats, by the clock",
                          [size / 1e9 / r.wall for r in runs], "GB/s"))
    cats = series(lambda: w.meter(["cat"], ["cat"], ["cat"], stdin=stream))
    figures.append(Figure("cat in its place",
                          [size / 1e9 / r.wall for r in cats], "GB/s"))
    return [peer, rate], figures


def count_bytes(path):
    with open(path, "rb") as f:
        return f.seek(0, 2)


# --- load ---

def load_bars(w, stream, bare):
    """bare: the records alone, a line each."""
    naive = Bar("load-naive", "load, CPU of bson_new_from_json + bulk",
                "at most 1/10", 0.1)
    figures = []
    out = w.path("out")

    def client(*args, stdin=stream):
        return lambda: w.meter([PROBES / "naive", *args], stdin=stdin,
                               stdout=out, env=env)

    with w.sink() as env:
        a, b = pairs(lambda: w.meter(load(), stdin=stream, env=env),
                     client("orders", "_id"))
        expect(said(out)["rows"], w.rows, "rows of the naive loader")
        naive.ratios(a, b, of=cpu)
        figures.append(per_million("load, into mongosink", a, w.rows))
        figures.append(per_million("the naive loader", b, w.rows))
        figures.append(per_million(
            "the naive loader, without the envelope", series(client(
                "--bare", "orders", "_id", stdin=bare), 4), w.rows))
        if peers.have("mongoimport"):
            figures.append(per_million("mongoimport --mode=upsert", series(
                lambda: w.meter(["mongoimport", "--mode=upsert", "-j1",
                                 "--quiet", "-c", "orders", "--uri",
                                 env["MONGODB_URI"] +
                                 w.env["MONGODB_DATABASE"]],
                                stdin=bare), 4), w.rows))
        else:
            w.left_out("mongoimport", "not on PATH")
    return [naive], figures


def connections():
    """How many load writes with by itself; one, if it has no word for it."""
    text = subprocess.run([*load(), "--help"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    found = re.search(r"SYNC_CONNECTIONS.*\[(\d+)\]", text)
    return found.group(1) if found else "1"


def replay_bar(w, table, few, few_rows):
    """load on the real server beside its own commands sent again."""
    bar = Bar("load-replay", "load, wall of replay on the real server",
              "at most 1.10", 1.10).by_clock()
    commands, out, log = w.path("commands"), w.path("out"), w.path("sent")
    with w.sink("--record", commands, "--log", log) as env:
        w.meter(load(), stdin=few, env=env)
    real = {"MONGODB_URI": w.real_uri}

    def fresh():
        w.mongo("drop")
        w.mongo("command", '{"create": "%s"}' % table)

    def ours():
        fresh()
        return w.meter(load(), stdin=few, env=real)

    def theirs():
        fresh()
        run = w.meter([PROBES / "replay", "-c", connections(), commands],
                      stdout=out, env=real)
        expect(said(out)["rows"], few_rows, "rows of replay")
        return run

    a, b = pairs(ours, theirs)
    expect(int(w.mongo("count", table)), few_rows, "documents")
    w.mongo("drop")
    return [bar.ratios(a, b, of=wall).note(server_note(w))], [
        Figure("load, on the real server",
               [few_rows / r.wall for r in a], "rows/s"),
        Figure("replay, on the real server",
               [few_rows / r.wall for r in b], "rows/s")]


def server_note(w):
    """A figure on a stand-in is no figure of MongoDB."""
    if w.stand_in:
        return "on FerretDB, a stand-in for MongoDB"
    return ""
