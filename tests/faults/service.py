"""The supervisor under test, started again whenever it ends, as runit does."""
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

import invariants

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
STAGES = ("extract", "transform", "load")


def wait_until(true, limit, step=0.05):
    """Poll. Return how long it took, or None if it didn't become true."""
    start = time.monotonic()
    while not true():
        if time.monotonic() - start > limit:
            return None
        time.sleep(step)
    return time.monotonic() - start


def children(pid):
    """(pid, name) of the processes that a process has started."""
    with contextlib.suppress(OSError):
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            for child in map(int, f.read().split()):
                with contextlib.suppress(OSError):
                    with open("/proc/%d/comm" % child) as c:
                        yield child, c.read().strip()


def kill(pid):
    """SIGKILL. Was it there?"""
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def alive(pid):
    """Does it run, and is no zombie?"""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def works(pid):
    """Does it run, and isn't at its end? Then it has descriptors."""
    try:
        return bool(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return False


def settings(folder, **more):
    """An environment for the programs: nobody else's settings."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("SYNC_", "STATE_", "HTTP_", "ALERT_"))}
    env.update(
        PATH=ROOT + "/bin:" + env["PATH"], LOG_FORMAT="json",
        STATE_DIR=folder + "/state", SYNC_SCHEMAS=folder + "/schemas",
        HTTP_ADDRESS="unix:" + folder + "/api", SYNC_TABLES="acct,tick",
        SYNC_INTERVAL_MINUTES="0.02", SYNC_RETRY_DELAY="0",
        SYNC_BATCH_SIZE="50", ALERT_HOLD_SECONDS="0")
    for table in ("ACCT", "TICK"):
        env["SYNC_%s_PIPELINE" % table] = \
            "extract --page-size 40 %s | transform | load" % table.lower()
    env.update(more)
    return env


class Service:
    def __init__(self, folder, env):
        self.folder, self.env = folder, env
        self.state = env["STATE_DIR"]
        self.log = folder + "/log"
        self.process = None
        self.wanted = False
        self.starts = 0
        self.lock = threading.RLock()
        os.makedirs(folder + "/schemas", exist_ok=True)
        threading.Thread(target=self.keep, daemon=True).start()
        threading.Thread(target=self.hurry, daemon=True).start()

    def keep(self):
        while True:
            with self.lock:
                if self.wanted and (self.process is None or
                                    self.process.poll() is not None):
                    self.launch()
            time.sleep(0.02)

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [ROOT + "/bin/supervisor"], env=self.env, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)
        self.starts += 1

    def hurry(self):
        """Runs follow each other more closely than the interval."""
        while True:
            time.sleep(0.15)
            if not self.wanted:
                continue
            with contextlib.suppress(OSError), \
                    socket.socket(socket.AF_UNIX) as s:
                s.settimeout(2)
                s.connect(self.folder + "/api")
                s.sendall(b"POST /sync/trigger HTTP/1.1\r\nHost: localhost"
                          b"\r\nContent-Type: application/json\r\n"
                          b"Content-Length: 0\r\n\r\n")
                while s.recv(4096):
                    pass

    def start(self):
        self.wanted = True

    def processes(self):
        """(pid, name) of what is running now, the supervisor included."""
        p = self.process
        if p is None or p.poll() is not None:
            return []
        return [(p.pid, "supervisor"),
                *(c for c in children(p.pid) if c[1] in STAGES)]

    def kill_all(self):
        """And wait until all is gone. It is not started again."""
        with self.lock:
            self.wanted = False
            found = self.processes()
            for pid, _ in found:
                kill(pid)
            if self.process:
                self.process.wait()
        mark = self.state.encode() + b"/"
        for pid, line in invariants.processes():
            if mark in line:
                kill(pid)
        wait_until(lambda: not any(
            mark in line for _, line in invariants.processes()), 10)
        return found

    def stop(self):
        """In order. Return the exit code, None if it had to be killed."""
        with self.lock:
            self.wanted = False
        if self.process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill_all()
            return None

    def checkpoint(self, table):
        return "%s/tables/%s/checkpoint" % (self.state, table)

    def bookmark(self, table):
        """What the checkpoint says, or None."""
        with contextlib.suppress(FileNotFoundError):
            return invariants.Bookmark(self.checkpoint(table), table)

    def runs(self, table):
        """How many runs have ended well."""
        with contextlib.suppress(FileNotFoundError):
            with open(self.log, "rb") as f:
                return f.read().count(
                    b'"message":"%s: run ok"' % table.encode())
        return 0
