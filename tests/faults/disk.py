"""The disk is full, fails, or the machine stops, at every call that changes
a file that must survive: checkpoints, acknowledged positions, rejected
records, conflicts, what --verify has found, what people have steered.

A run is counted first, then repeated with another call failing each time
(tests/support/failcall.c). Afterwards what is written down must tell the
truth, and a plain start must bring everything to its end.
"""
import contextlib
import datetime
import json
import os
import random
import shutil
import subprocess
import time

import invariants
import lane
import ledger
from invariants import Violation
from service import ROOT, settings, wait_until

# How a call fails, and which; "always": so do all the calls after it.
HOWS = ("eio", "enospc", "edquot", "erofs", "short", "full", "kill", "killed",
        "eio always", "enospc always", "erofs always", "short always")
ALSO = ("edquot", "full")       # not with --each: like others
# A table copied from its start, changes, and the same by hand; a comparison
# that can be resumed; pause and interval.
KINDS = ("first", "changes", "pipe", "verify", "steer")
TABLES = list(ledger.TABLES)
POSITIONS = ["checkpoint", *TABLES]     # the last as `load --ack` names them
PIPE = "extract --page-size %(page)d --state s/%(t)s %(t)s | transform " \
    "--rejects s/%(t)s.t | load --ack s/%(t)s --rejects s/%(t)s.l " \
    "--names reject --conflicts s/%(t)s.c"
SERVICE = "extract --page-size %d %s | transform | load --names reject " \
    "--conflicts %s/%s.c"
PAGE, ALL = 40, 10000           # several STATEs in a run; one
VERIFY = "extract --full --page-size 10 --state verify/at still | " \
    "transform --no-schemas | load --verify --resume verify/at"
FOUND = {("missing", 5), ("different", 7), ("extra", 99)}
SCHEMA = {"x-source": {"table": "acct"}, "properties": {
    **dict.fromkeys(("id", "seq", "note", "amount", "ratio", "marks", "data",
                     "seen", "updated_at"), {}),
    "note": {"type": "string", "maxLength": 60}}}
# Rows of acct that transform refuses, that load refuses, and that somebody
# has changed in MongoDB: they are to be in files.
BAD_NOTE, BAD_NAME, FOREIGN = range(150, 154), range(154, 158), range(158, 161)
SPECIAL = {(k,) for r in (BAD_NOTE, BAD_NAME, FOREIGN) for k in r}
FILES = ("transform.rejects", "load.rejects")


class Disk(lane.Lane):
    def __init__(self, *args):
        super().__init__(*args)
        self.state = {k: self.folder + ("/s" if k == "pipe" else "/" + k)
                      for k in KINDS}
        self.calls = {}                 # of a kind: the names of its calls
        self.page = PAGE
        self.changed = 0
        with open(self.folder + "/schemas/acct.json", "w",
                  encoding="utf-8") as f:
            json.dump(SCHEMA, f)

    def change(self):
        """Rows for a later run, old enough by then."""
        self.changed += 1
        n = self.changed
        ledger.ask(self.link, "SET @kind = 'disk', @tx = %s", "disk%d" % n)
        ledger.ask(self.link, "UPDATE acct SET note = %s, data = IF(id "
                   "BETWEEN %s AND %s, '{\"$bad\": 1}', data) WHERE id >= 100 "
                   "AND id NOT BETWEEN %s AND %s ORDER BY id LIMIT 60",
                   "n %d" % n, BAD_NAME[0], BAD_NAME[-1], BAD_NOTE[0],
                   BAD_NOTE[-1])
        ledger.ask(self.link, "UPDATE acct SET note = %s WHERE id BETWEEN %s "
                   "AND %s", "%d " % n + "too long " * 10, BAD_NOTE[0],
                   BAD_NOTE[-1])
        ledger.ask(self.link, "INSERT INTO acct (id, note) VALUES (%s, "
                   "'new')", 10000 + n)
        ledger.ask(self.link, "UPDATE tick SET note = %s WHERE id < 1030",
                   "n %d" % n)

    def foreign(self):
        """Somebody changes documents, to last for ever."""
        far = datetime.datetime(2100, 1, 1)
        self.target.db["acct"].update_many(
            {"_id": {"$in": list(FOREIGN)}},
            {"$set": {"updated_at": far, "note": "foreign"}})

    def environment(self, kind, at=0, how=None):
        more = {"FAILCALL_DIR": self.state[kind],
                "FAILCALL_COUNT": self.folder + "/count",
                "FAILCALL_LOG": self.folder + "/calls",
                "FAILCALL_AT": str(at), "SYNC_MAX_RETRIES": "0",
                "STATE_DIR": self.state[kind], "HTTP_ADDRESS": "off",
                "LD_PRELOAD": ROOT + "/build/support/failcall.so",
                "ASAN_OPTIONS": "verify_asan_link_order=0"}
        for t in TABLES:
            more["SYNC_%s_PIPELINE" % t.upper()] = SERVICE % (
                self.page, t, self.state[kind], t)
        if how:
            more["FAILCALL_HOW"], *always = how.split()
            if always:
                more["FAILCALL_ALWAYS"] = "1"
        for name in ("count", "calls"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.folder + "/" + name)
        return settings(self.folder, **more)

    def run(self, kind, at=0, how=None):
        """A run of a kind, its call `at` failing. Return the exit code."""
        env = self.environment(kind, at, how)
        if kind == "steer":
            return self.steer(env)
        command = ["supervisor", "--once"] if kind in ("first", "changes") \
            else ["bash", "-o", "pipefail", "-c", VERIFY if kind == "verify"
                  else self.by_hand()]
        with open(self.folder + "/log", "ab") as log, \
                open(self.folder + "/out", "wb") as out:
            return subprocess.run(
                command, env=env, cwd=self.folder, stdout=out, stderr=log,
                stdin=subprocess.DEVNULL, timeout=90,
                executable=ROOT + "/bin/supervisor"
                if command[0] == "supervisor" else "/bin/bash").returncode

    def by_hand(self):
        return "; ".join(PIPE % {"t": t, "page": self.page} + " || bad=$?"
                         for t in TABLES) + "; exit ${bad:-0}"

    # --- A service that people steer -----------------------------------

    def ask(self, env, *words):
        """What the client of the service prints; None if it failed."""
        env = {k: v for k, v in env.items() if k != "LD_PRELOAD"}
        with open(self.folder + "/log", "ab") as log:
            done = subprocess.run(
                [ROOT + "/bin/supervisor", *words], env=env, cwd=self.folder,
                stdout=subprocess.PIPE, stderr=log, timeout=30,
                stdin=subprocess.DEVNULL, check=False)
        return done.stdout.decode() if done.returncode == 0 else None

    def paused(self, env):
        """Is the table paused? None if the service has died meanwhile."""
        said = self.ask(env, "status", "tick", "--json")
        return json.loads(said)["state"] == "paused" if said else None

    def steer(self, env):
        """Start, turn the pause over, end by kill -9. What was promised is
        kept in self.promised."""
        env["HTTP_ADDRESS"] = "unix:" + self.folder + "/api"
        env["SYNC_TABLES"] = "tick"
        env["SYNC_INTERVAL_MINUTES"] = "1000"
        env["SYNC_ENABLED"] = "false"
        with open(self.folder + "/log", "ab") as log:
            service = subprocess.Popen(
                [ROOT + "/bin/supervisor"], env=env, cwd=self.folder,
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            wait_until(lambda: service.poll() is not None or
                       self.ask(env, "ready") is not None, 20)
            if service.poll() is not None:
                return service.returncode
            now = self.paused(env)
            if now is None:
                return service.wait(20)
            if self.promised not in (None, now):
                self.broke = "was told: paused %s; is not so after a " \
                    "restart" % self.promised
            wish = not now
            self.promised = None
            if self.ask(env, "pause" if wish else "resume", "tick") is not \
                    None:
                self.promised = wish
            return 0
        finally:
            service.kill()
            service.wait()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.folder + "/api")

    promised = broke = None

    # --- Trials --------------------------------------------------------

    def called(self):
        """The calls of the last run: lines of number, program, name, path."""
        with open(self.folder + "/calls", encoding="utf-8") as f:
            return [line.strip() for line in f]

    def first(self, kind):
        """A state directory that nobody has used."""
        shutil.rmtree(self.state[kind], ignore_errors=True)
        os.mkdir(self.state[kind], 0o700)

    def still(self):
        """A table that differs in three ways, for all times."""
        ledger.ask(self.link, "CREATE TABLE still (id INT NOT NULL PRIMARY "
                   "KEY, note VARCHAR(20) NOT NULL, updated_at TIMESTAMP(6) "
                   "NOT NULL DEFAULT CURRENT_TIMESTAMP(6))")
        ledger.ask(self.link, "INSERT INTO still (id, note) VALUES " +
                   ", ".join("(%d, 'x')" % k for k in range(60)))
        env = settings(self.folder)
        subprocess.run(["bash", "-o", "pipefail", "-c", "extract --full still"
                        " | transform --no-schemas | load"], env=env,
                       check=True, cwd=self.folder, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        docs = self.target.db["still"]
        docs.delete_one({"_id": 5})
        docs.update_one({"_id": 7}, {"$set": {"note": "y"}})
        docs.insert_one({"_id": 99, "note": "z"})

    def learn(self, kind):
        """What a run of this kind calls when nothing fails. Return the same
        of a run with one STATE: so a position that moves covers all that was
        written before."""
        self.first(kind)
        if kind == "verify":
            self.still()
        self.run(kind)
        self.calls[kind] = once = self.called()
        if kind in ("changes", "pipe"):
            self.foreign()
            once = self.run_changes(kind, ALL)
            self.calls[kind] = self.run_changes(kind, PAGE)
        self.change()
        return once

    def run_changes(self, kind, page):
        self.change()
        time.sleep(1.2)                 # until a run need not wait for them
        self.page = page
        self.run(kind)
        self.page = PAGE
        return self.called()

    def trial(self, plan):
        """One fault and what follows."""
        kind, at, how = plan
        if kind not in self.calls:
            yield from made_safe(self.learn(kind))
        if kind == "first":
            self.first(kind)
        if at is None:
            at, how = self.rng.choice(places(self.calls[kind], HOWS))
        for v in self.broken(kind, at, how):
            yield v._replace(what="%s, %s at call %d (%s): %s" % (
                kind, how, at, (self.calls[kind][at - 1:at] or ["?"])[0],
                v.what))

    def broken(self, kind, at, how):
        code = self.run(kind, at, how)
        call = [c for c in self.called() if c.startswith("%d " % at)]
        self.count[kind if call else kind + " not reached"] += 1
        if call:
            self.count["%s %s" % (how, call[0].split()[2])] += 1
        allowed = (0, 99, 100, 111, -9, 137)
        if kind == "verify":
            allowed = (1, *allowed[1:])
            yield from self.found(code)
        elif kind != "steer":
            yield from self.truth(kind)
        if code not in allowed:
            yield Violation("I9", None, None, "exit status %d" % code)
        code = self.run(kind)
        if code != (1 if kind == "verify" else 0):
            yield Violation("I8", None, None, "the next start ended with %d"
                            % code)
        if kind == "verify":
            yield from self.found(code)
        elif kind == "steer":
            yield from self.kept()
        else:
            self.change()
            yield from self.equal(kind)

    def found(self, code):
        """A comparison that ended has found what there is."""
        if code not in (0, 1):
            return
        with open(self.folder + "/out", encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        found = sorted((d["what"], d["key"][0]) for d in lines)
        if found != sorted(FOUND):
            yield Violation("I6", "still", None, "found %s" % found)

    def kept(self):
        """What was promised, and a whole chain of who did it."""
        if self.broke:
            yield Violation("I5", "tick", None, self.broke)
            self.broke = None
        audit = self.state["steer"] + "/audit.jsonl"
        done = subprocess.run([ROOT + "/bin/supervisor", "audit", audit],
                              stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT)
        if done.returncode != 0:
            yield Violation("I5", None, None, done.stdout.decode())

    def fates(self, kind, table):
        """{key: seq} of the rows that are in a file of rejects or conflicts;
        a torn line was never acknowledged."""
        out = {}
        where = self.state[kind]
        paths = [where + "/%s.c" % table] + (
            [where + "/%s.%s" % (table, x) for x in "tl"] if kind == "pipe"
            else [where + "/tables/%s/%s" % (table, x) for x in FILES])
        for path in paths:
            with contextlib.suppress(FileNotFoundError), \
                    open(path, "rb") as f:
                for line in f.read().split(b"\n")[:-1]:
                    with contextlib.suppress(ValueError):
                        take_fate(json.loads(line), out)
        return out

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
            seqs = dict(self.target.seqs(table))
            if table == "acct":
                fates = self.fates(kind, table)
                seqs.update((k, max(fates.get(k, 0), seqs.get(k, 0)
                             if k[0] in FOREIGN else 0)) for k in SPECIAL)
            yield from invariants.checkpoint_true(mark, book, seqs)

    def equal(self, kind):
        """I1 to I3, but for the rows that the next trial is for; and I6:
        those that can't be in MongoDB are in files."""
        book = ledger.Ledger.read()
        fresh = "disk%d" % self.changed
        for table in TABLES:
            docs = self.target.docs(table)
            for v in invariants.at_rest(table, book, docs, False):
                last = book.last(v.table, v.key)
                if (last is None or last.tx != fresh) and \
                        (table, v.key) not in {("acct", k) for k in SPECIAL}:
                    yield v
        fates = self.fates(kind, "acct")
        if kind == "first":             # before anybody came between
            return
        for key in SPECIAL:
            last = [e for e in book.by_key["acct", key] if e.tx != fresh]
            if key[0] in FOREIGN and fates.get(key) is None:
                continue
            if fates.get(key, 0) < last[-1].seq:
                yield Violation("I6", "acct", key, "seq %d is in no file, "
                                "seq %d is" % (last[-1].seq,
                                               fates.get(key, 0)))


def take_fate(message, out):
    """Of a rejected record, or of a conflict."""
    row = message.get("source") or message.get("record")
    if not row:
        return
    key = row["id"]
    key, seq = ((int(v["$numberInt"] if "$numberInt" in v else
                     v["$numberLong"]) if isinstance(v, dict) else v)
                for v in (key, row["seq"]))
    out[key,] = max(out.get((key,), 0), seq)


def places(calls, hows):
    """(number, how) for all of the calls: only writes can be short."""
    return [(at, how) for at, call in enumerate(calls, 1) for how in hows
            if not how.startswith("short") or call.split()[2] == "write"]


def made_safe(calls):
    """I5: a file that replaces another is synced before, its folder after;
    only so does it survive a machine that stops. And what a position covers
    is synced before the position is: what stands in other files."""
    dirty, moved = set(), {}
    for line in calls:
        _, _, call, path = (line + " ").split(" ", 3)
        path = path.strip()
        if call in ("fsync", "fdatasync"):
            moved.pop(path, None)
            dirty.discard(path)
        folder, name = os.path.split(path)
        if call == "write" and (name.split(".new")[0].strip(".") in POSITIONS
                                or is_covered(name)):
            dirty.add(path)
        if call == "rename" and name in POSITIONS:
            table = name if name in TABLES else os.path.basename(folder)
            for left in sorted(dirty):
                if is_new(left, folder, name) or of_table(left, table):
                    yield Violation("I5", None, None, "%s is renamed before "
                                    "%s is synced" % (path, left))
            dirty = {d for d in dirty if not is_new(d, folder, name)}
            moved[folder or "."] = path
    for folder, path in moved.items():
        yield Violation("I5", None, None, "%s: its folder isn't synced after "
                        "the rename" % path)


def is_covered(name):
    """Rejects and conflicts."""
    return name in FILES or name.endswith((".t", ".l", ".c"))


def is_new(path, folder, name):
    return path in (os.path.join(folder, name + ".new"),
                    os.path.join(folder, "." + name + ".new"))


def of_table(path, table):
    folder, name = os.path.split(path)
    return is_covered(name) and (name.split(".")[0] == table or
                                 os.path.basename(folder) == table)


def every(args, folder, kinds):
    """(kind, call, how) for each call of each kind, and each way to fail;
    with --each K, for each call one of K ways, by turns."""
    hows = [h for h in HOWS if h not in ALSO]
    with lane.same_place():
        it = Disk(folder + "/learn", args.seed, 99)
        for kind in kinds:
            it.learn(kind)
        it.close()
    plans = [(kind, at, how) for kind in kinds
             for at, how in places(it.calls[kind], hows)
             if (at + hows.index(how)) % args.each == 0]
    random.Random("disk %s" % args.seed).shuffle(plans)
    return plans, {kind: len(it.calls[kind]) for kind in kinds}


def row(args, folder, say):
    """args.n faults, or each call in each way. Return the violations."""
    kinds = args.kinds.split(",") if args.kinds else list(KINDS)
    lanes = len(kinds)          # each of them has a kind of its own
    if args.each:
        lanes = 8               # much of a trial is waiting
        plans, calls = every(args, folder, kinds)
        say("disk: %d faults, of runs with %s calls" % (
            len(plans), lane.listed(calls)))
    else:
        plans = [(kinds[i % len(kinds)], None, None) for i in range(args.n)]
    trials, count, out = lane.run(Disk, folder, args.seed, plans, say, lanes)
    say("disk: %d faults (%s; of them %s), %d violations" % (
        trials, *(lane.listed({k: n for k, n in count.items()
                               if (k.split()[0] in KINDS) is of_kind})
                  for of_kind in (True, False)), len(out)))
    return out
