"""What the measurements run in: servers, tables, a folder, the meter."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BENCH = ROOT / "tests" / "bench"
PROBES = ROOT / "build" / "bench"
PROGRAMS = ROOT / "build" / "std" / "bin"    # never with sanitizers
DATABASE = f"millrace_bench_{os.getpid()}"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME",
                     os.path.expanduser("~/.cache"))) / "millrace" / "bench"


def build():
    """What is measured, and what measures.  bin/ stays as it is."""
    env = {k: v for k, v in os.environ.items()
           if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "SAN")}
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "-C", ROOT, "probes",
                    *(f"build/std/bin/{p}" for p in
                      ("extract", "transform", "load"))],
                   check=True, env=env)


class Broken(Exception):
    """A measured program failed, or its output is not what it should be."""


class Run:
    """What meter says of a pipeline."""

    def __init__(self, text):
        d = json.loads(text)
        self.start, self.wall = d["start"], d["wall"]
        self.stages = d["stages"]
        self.cpu = sum(s["user"] + s["sys"] for s in self.stages)
        self.rss = sum(s["rss"] for s in self.stages)


class World:
    def __init__(self, rows):
        self.rows = rows
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench."))
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("MYSQL_", "MONGODB_", "SYNC_"))}
        self.env.update(LOG_FORMAT="json", LC_ALL="C.UTF-8")
        self.started = False
        self.absent = []    # peers that were left out

    # --- Servers ---

    def start(self):
        """Servers of our own, unless there is a set to use."""
        servers = ROOT / "scripts" / "servers"
        if "MILLRACE_RUN" not in self.env:
            self.env["MILLRACE_RUN"] = str(self.tmp / "servers")
            os.mkdir(self.env["MILLRACE_RUN"])
            self.started = True
        subprocess.run([servers, "start", "--for", str(os.getpid()), "mysql",
                        "mongodb"] if self.started else [servers, "status",
                        "mysql", "mongodb"], check=True, env=self.env,
                       stdout=subprocess.DEVNULL)
        # `env` wants MariaDB or MySQL; the bench measures against MySQL.
        out = subprocess.run(["bash", "-c", '. <("$0" env mysql); env -0',
                             servers], check=True, env=self.env,
                             stdout=subprocess.PIPE).stdout
        self.env = dict(v.split("=", 1) for v in out.decode().split("\0")
                        if v)
        self.env.update(MYSQL_DATABASE=DATABASE, MONGODB_DATABASE=DATABASE)
        self.real_uri = self.env["MONGODB_URI"]
        self.target = subprocess.run(
            [servers, "status", "mongodb"], env=self.env,
            stdout=subprocess.PIPE).stdout.decode()
        self.stand_in = "FerretDB" in self.target
        self.sid = self.env["MILLRACE_SID"]
        self.sql("SET GLOBAL local_infile = 1; DROP DATABASE IF EXISTS "
                 f"{DATABASE}; CREATE DATABASE {DATABASE} DEFAULT CHARACTER "
                 "SET utf8mb4", database="")
        self.mongo("drop")

    def stop(self):
        if hasattr(self, "sid"):
            with contextlib.suppress(Exception):
                self.sql(f"DROP DATABASE {DATABASE}")
                self.mongo("drop")
        if self.started:
            subprocess.run([ROOT / "scripts" / "servers", "stop"],
                           env=self.env)
        shutil.rmtree(self.tmp, ignore_errors=True)

    def sql(self, text, stdin=None, database=DATABASE):
        e = self.env
        return subprocess.run(
            ["mariadb", "--no-defaults", "--protocol=tcp", "--skip-ssl",
             "--local-infile=1", "-N", "-B", "-h", e["MYSQL_HOST"], "-P",
             e["MYSQL_PORT"], "-u", e["MYSQL_USER"],
             "--default-character-set=utf8mb4", database or "mysql", "-e",
             text], env=dict(e, MYSQL_PWD=e["MYSQL_PASSWORD"]), stdin=stdin,
            stdout=subprocess.PIPE, check=True).stdout.decode()

    def mongo(self, *args):
        return subprocess.run(
            [ROOT / "tests" / "support" / "mongo", *args], check=True,
            env=dict(self.env, MONGODB_URI=self.real_uri),
            stdout=subprocess.PIPE).stdout.decode()

    def fill(self, table, rows):
        """A table of so many rows, read once so that they are in memory."""
        statement = subprocess.run([PROBES / "rows", "sql", table],
                                   stdout=subprocess.PIPE,
                                   check=True).stdout.decode()
        with subprocess.Popen([PROBES / "rows", table, str(rows)],
                              stdout=subprocess.PIPE) as p:
            self.sql(statement, stdin=p.stdout)
        self.sql(f"ANALYZE TABLE {table}; SELECT COUNT(*) FROM {table} "
                 "FORCE INDEX (PRIMARY)")
        if table != "wide":
            self.schema(table)

    def schema(self, table):
        """The same mapping for a table of another name."""
        (self.tmp / "schemas").mkdir(exist_ok=True)
        text = (BENCH / "schemas" / "orders.json").read_text()
        (self.tmp / "schemas" / f"{table}.json").write_text(
            text.replace('"orders"', f'"{table}"'))

    def left_out(self, peer, why):
        self.absent.append(f"{peer}: not run ({why})")

    # --- Running ---

    def path(self, name):
        return str(self.tmp / name)

    def meter(self, *stages, stdin="/dev/null", stdout="/dev/null", env=None):
        """Run a pipeline of argument lists; all must end with 0."""
        args = [str(PROBES / "meter"), "-i", stdin, "-o", stdout]
        for i, stage in enumerate(stages):
            args += (["!"] if i else []) + [str(a) for a in stage]
        p = subprocess.run(args, env=dict(self.env, **(env or {})),
                           cwd=self.tmp, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
        if p.returncode != 0:
            raise Broken(p.stderr.decode()[-2000:])
        run = Run(p.stdout)
        if any(s["status"] != 0 for s in run.stages):
            raise Broken(" | ".join(str(s[0]) for s in stages) + ": " +
                         p.stderr.decode()[-2000:])
        return run

    @contextlib.contextmanager
    def sink(self, *options):
        """mongosink; yields the environment that leads to it."""
        port = self.tmp / "sink.port"
        port.unlink(missing_ok=True)
        p = subprocess.Popen([ROOT / "build/support/mongosink",
                              "--port-file", port, *options])
        try:
            while not (port.exists() and port.read_text().endswith("\n")):
                if p.poll() is not None:
                    raise Broken("mongosink ended")
                time.sleep(0.01)
            yield {"MONGODB_URI":
                   f"mongodb://127.0.0.1:{port.read_text().strip()}/"}
        finally:
            p.terminate()
            p.wait()


# --- Our own programs ---

def extract(*args):
    return [PROGRAMS / "extract", *args]


def transform(w):
    return [PROGRAMS / "transform", "--schemas", w.tmp / "schemas"]


def load(*args):
    return [PROGRAMS / "load", *args]
