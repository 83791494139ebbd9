"""The disk is full, fails, or the machine stops, at every call that changes
a file in the state directory.

A run is counted first, then repeated with another call failing each time
(tests/support/failcall.c). Afterwards the position must tell the truth, and
a plain start must bring everything to its end.
"""
import contextlib
import os
import shutil
import subprocess
import time

import invariants
import lane
import ledger
from invariants import Violation
from service import ROOT, settings

HOWS = ("eio", "enospc", "edquot", "full", "short", "shorts", "kill",
        "killed")
# A table copied from its start, changes, and the same by hand.
KINDS = ("first", "changes", "pipe")
TABLES = list(ledger.TABLES)
POSITIONS = ["checkpoint", *TABLES]     # the last as `load --ack` names them
PIPE = "extract --page-size 40 --state s/%(t)s %(t)s | transform " \
    "--rejects s/%(t)s.t | load --ack s/%(t)s --rejects s/%(t)s.l"


class Disk(lane.Lane):
    def __init__(self, *args):
        super().__init__(*args)
        self.state = {k: self.folder + ("/s" if k == "pipe" else "/" + k)
                      for k in KINDS}
        self.calls = {}                 # of a kind: the names of its calls
        self.changed = 0

    def change(self):
        """Rows for a later run, old enough by then."""
        self.changed += 1
        n = self.changed
        ledger.ask(self.link, "SET @kind = 'disk', @tx = %s", "disk%d" % n)
        ledger.ask(self.link, "UPDATE acct SET note = %s WHERE id >= 100 "
                   "ORDER BY id LIMIT 60", "n %d" % n)
        ledger.ask(self.link, "INSERT INTO acct (id, note) VALUES (%s, "
                   "'new')", 10000 + n)
        ledger.ask(self.link, "UPDATE tick SET note = %s WHERE id < 1030",
                   "n %d" % n)

    def run(self, kind, at=0, how=None):
        """A run of a kind, its call `at` failing. Return the exit code."""
        more = {"FAILCALL_DIR": self.state[kind],
                "FAILCALL_COUNT": self.folder + "/count",
                "FAILCALL_LOG": self.folder + "/calls",
                "FAILCALL_AT": str(at), "SYNC_MAX_RETRIES": "0",
                "STATE_DIR": self.state[kind], "HTTP_ADDRESS": "off",
                "LD_PRELOAD": ROOT + "/build/support/failcall.so",
                "ASAN_OPTIONS": "verify_asan_link_order=0"}
        if how:
            more["FAILCALL_HOW"] = how.rstrip("s")
        if how == "shorts":
            more["FAILCALL_ALWAYS"] = "1"       # each write from then on
        for name in ("count", "calls"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.folder + "/" + name)
        command = ["supervisor", "--once"] if kind != "pipe" else [
            "bash", "-o", "pipefail", "-c",
            "; ".join(PIPE % {"t": t} + " || bad=$?" for t in TABLES) +
            "; exit ${bad:-0}"]
        env = settings(self.folder, **more)
        with open(self.folder + "/log", "ab") as log:
            code = subprocess.run(
                command, env=env, cwd=self.folder, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, timeout=90,
                executable=ROOT + "/bin/supervisor"
                if kind != "pipe" else "/bin/bash").returncode
        return code

    def called(self):
        """The calls of the last run: lines of number, program, name, path."""
        with open(self.folder + "/calls", encoding="utf-8") as f:
            return [line.strip() for line in f]

    def first(self, kind):
        """A state directory that nobody has used."""
        shutil.rmtree(self.state[kind], ignore_errors=True)
        os.mkdir(self.state[kind], 0o700)

    def learn(self, kind):
        """What a run of this kind calls when nothing fails."""
        self.first(kind)
        self.run(kind)
        if kind != "first":
            self.change()
            time.sleep(1.2)             # until a run need not wait for them
            self.run(kind)
        self.calls[kind] = self.called()
        self.change()

    def trial(self, kind):
        """One fault and what follows."""
        if kind not in self.calls:
            self.learn(kind)
            yield from made_safe(self.calls[kind])
        if kind == "first":
            self.first(kind)
        how = self.rng.choice(HOWS)
        at = self.rng.choice([
            i for i, call in enumerate(self.calls[kind], 1)
            if not how.startswith("short") or call.split()[2] == "write"])
        for v in self.broken(kind, at, how):
            yield v._replace(what="%s, %s at call %d (%s): %s" % (
                kind, how, at, self.calls[kind][at - 1], v.what))

    def broken(self, kind, at, how):
        code = self.run(kind, at, how)
        call = [c for c in self.called() if c.startswith("%d " % at)]
        self.count["%s %s" % (how, call[0].split()[2]) if call else
                   "not reached"] += 1
        yield from self.truth(kind)
        if code not in (0, 99, 100, 111, -9, 137):
            yield Violation("I9", None, None, "exit status %d" % code)
        code = self.run(kind)
        if code != 0:
            yield Violation("I8", None, None, "the next start ended with %d"
                            % code)
        self.change()
        yield from self.equal()

    def truth(self, kind):
        """I5, right after the fault."""
        book = ledger.Ledger.read()
        for table in TABLES:
            try:
                mark = invariants.Bookmark(
                    "%s/tables/%s/checkpoint" % (self.state[kind], table),
                    table) if kind != "pipe" else invariants.StateFile(
                    "%s/%s" % (self.state[kind], table), table)
            except FileNotFoundError:
                continue
            except (ValueError, KeyError) as e:
                yield Violation("I5", table, None, repr(e))
                continue
            yield from invariants.checkpoint_true(
                mark, book, dict(self.target.seqs(table)))

    def equal(self):
        """I1 to I3, but for the rows that the next trial is for."""
        book = ledger.Ledger.read()
        fresh = "disk%d" % self.changed
        for table in TABLES:
            docs = self.target.docs(table)
            for v in invariants.at_rest(table, book, docs, False):
                last = book.last(v.table, v.key)
                if last is None or last.tx != fresh:
                    yield v



def made_safe(calls):
    """I5: a file that replaces another is synced before, its folder after;
    only so does it survive a machine that stops."""
    dirty, moved = set(), {}
    for line in calls:
        _, _, call, path = (line + " ").split(" ", 3)
        path = path.strip()
        if call == "fsync":
            moved.pop(path, None)
        folder, name = os.path.split(path)
        if name.split(".new")[0].strip(".") not in POSITIONS:
            continue                # what else there is may be lost
        if call == "write":
            dirty.add(path)
        elif call == "fsync":
            dirty.discard(path)
        elif call == "rename":
            for temp in (name + ".new", "." + name + ".new"):
                if os.path.join(folder, temp) in dirty:
                    yield Violation("I5", None, None, "%s is renamed before "
                                    "it is synced" % path)
                dirty.discard(os.path.join(folder, temp))
            moved[folder or "."] = path
    for folder, path in moved.items():
        yield Violation("I5", None, None, "%s: its folder isn't synced after "
                        "the rename" % path)


def row(args, folder, say):
    """args.n faults. Return the violations."""
    trials, count, out = lane.run(
        Disk, folder, args.seed,
        [KINDS[i // lane.LANES % len(KINDS)] for i in range(args.n)])
    say("disk: %d faults (%s), %d violations" % (
        trials, lane.listed(count), len(out)))
    return out
