"""Peers that are slow to get and to run: BENCH_PEERS=all.  No goal is about
them; each runs three times, and the first doesn't count."""
import json
import os
import shutil

from . import peers
from .filters import count, expect, per_million, said
from .stats import series
from .world import BENCH, CACHE

TAP = "pipelinewise-tap-mysql==1.6.0"
TARGET = "target-jsonl==0.1.4"
DEBEZIUM = "3.2.3.Final"
RUNS = 3


def bars(w, table, rows):
    if os.environ.get("BENCH_PEERS") != "all":
        w.left_out("pipelinewise-tap-mysql, Debezium", "BENCH_PEERS=all")
        return [], []
    return [], singer(w, table, rows) + debezium(w, table, rows)


# --- Singer ---

def singer(w, table, rows):
    tap = peers.venv("tap-mysql", TAP)
    target = peers.venv("target-jsonl", TARGET)
    if tap is None or target is None:
        w.left_out("pipelinewise-tap-mysql", "not to be had from PyPI")
        return []
    config, catalog = singer_files(w, tap, table)
    read = [tap.parent / "tap-mysql", "--config", config, "--properties",
            catalog]
    write = [target.parent / "target-jsonl", "--config",
             w.path("target.json")]
    out = w.path("out")
    alone = series(lambda: w.meter(read, stdout=out), RUNS)
    expect(count(out, b'{"type": "RECORD"'), rows, "rows of tap-mysql")
    both = series(lambda: w.meter(read, write), RUNS)
    return [per_million("pipelinewise-tap-mysql", alone, rows),
            per_million("pipelinewise-tap-mysql | target-jsonl", both, rows)]


def singer_files(w, tap, table):
    """The settings of both, and the catalog with one table selected."""
    e = w.env
    config, catalog = w.path("tap.json"), w.path("catalog.json")
    with open(config, "w") as f:
        json.dump({"host": e["MYSQL_HOST"], "port": e["MYSQL_PORT"],
                   "user": e["MYSQL_USER"], "password": e["MYSQL_PASSWORD"],
                   "database": e["MYSQL_DATABASE"],
                   "filter_dbs": e["MYSQL_DATABASE"]}, f)
    with open(w.path("target.json"), "w") as f:
        json.dump({"destination_path": str(w.tmp)}, f)
    w.meter([tap.parent / "tap-mysql", "--config", config, "--discover"],
            stdout=catalog)
    with open(catalog) as f:
        found = json.load(f)
    for stream in found["streams"]:
        for m in stream["metadata"]:
            if stream["table_name"] == table and not m["breadcrumb"]:
                m["metadata"].update({"selected": True,
                                      "replication-method": "FULL_TABLE"})
    with open(catalog, "w") as f:
        json.dump(found, f)
    return config, catalog


# --- Debezium ---

def debezium_jars():
    """The folder with Snapshot and what it needs, or None."""
    home = CACHE / f"debezium-{DEBEZIUM}"
    if (home / "Snapshot.class").exists():
        return home
    print(f"# fetching Debezium {DEBEZIUM} from Maven Central into {home}",
          flush=True)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for command in (
            ["mvn", "-q", "-B", "-f", BENCH / "debezium" / "pom.xml",
             "dependency:copy-dependencies", f"-DoutputDirectory={home}"],
            ["javac", "-cp", f"{home}/*", "-d", home,
             BENCH / "debezium" / "Snapshot.java"]):
        if not peers.quietly(command):
            return None
    return home


def debezium(w, table, rows):
    if not all(map(peers.have, ("java", "javac", "mvn"))):
        w.left_out("Debezium", "java, javac or mvn is not installed")
        return []
    home = debezium_jars()
    if home is None:
        w.left_out("Debezium", "not to be had from Maven Central")
        return []
    out = w.path("out")
    runs = series(lambda: w.meter(
        ["java", "-Xmx1g", "-cp", f"{home}:{home}/*", "Snapshot", table,
         rows], stdout=out), RUNS)
    expect(said(out)["rows"], rows, "rows of Debezium")
    return [per_million(f"Debezium {DEBEZIUM}, embedded, snapshot as JSON",
                        runs, rows)]
