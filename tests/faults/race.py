"""Writers at work, processes killed, servers gone: the run and its end."""
import bisect
import collections
import datetime
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

import invariants
import ledger
import workload
from controls import Cursor, Observer
from invariants import Target, Violation
from lane import listed
from service import (ROOT, STAGES, Service, kill, settings, wait_until,
                     works)

HERE = os.path.dirname(os.path.abspath(__file__))
TABLES = list(ledger.TABLES)
SECRET = "sesame-%d"
STAMP = re.compile(r'\{"timestamp":"([^"Z]*)Z"')
LIMIT = 60                      # seconds until all is there, without faults


class Race:
    steps = False               # the source's clock doesn't only run
    pool = "1"                  # extractors that stay between two runs

    def __init__(self, folder, seed, kinds, longest, deletes):
        self.folder, self.seed = folder, seed
        self.kinds, self.longest = kinds, longest
        self.deletes = deletes
        self.rng = random.Random("faults %s" % seed)
        self.violations = []
        self.hits = collections.Counter()
        self.times = []                 # of the kills
        self.before = {}
        self.seen_book = None
        self.checked = 0
        self.target = Target()
        self.root = ledger.connect()
        self.user = "f%d" % (seed % 10**9)
        self.secrets = [SECRET % seed, workload.PRIVATE]

    # Beginning.

    def open(self):
        ledger.create(self.root)
        workload.begin(self.root)
        for sql in ("DROP USER IF EXISTS %s", "CREATE USER %s IDENTIFIED BY "
                    "'" + self.secrets[0] + "'",
                    "GRANT SELECT, PROCESS ON *.* TO %s"):
            ledger.ask(self.root, sql % ("'" + self.user + "'@'%'"))
        self.target.client.drop_database(self.target.db.name)
        self.service = Service(self.folder, settings(
            self.folder, MYSQL_USER=self.user,
            MYSQL_PASSWORD=self.secrets[0], MYSQL_MIN_POOL_SIZE=self.pool))
        self.service.start()
        self.controls = [Cursor(0), Cursor(2)]
        self.observer = Observer(Target(), {
            "acct": list(range(workload.HOT)),
            "tick": [{"shard": 0, "id": k} for k in range(20)]})
        for thread in (*self.controls, self.observer):
            thread.start()
        self.writers = [subprocess.Popen(
            [sys.executable, "-B", HERE + "/workload.py", str(self.seed),
             str(self.longest), str(worker), ",".join(self.kinds)],
            stdout=subprocess.PIPE) for worker in range(2)]

    # Faults.

    def pause(self, mean):
        """The moment is what is drawn, so a sleep is meant here."""
        time.sleep(min(2, self.rng.expovariate(1 / mean)))

    def settle(self):
        """Wait until the first copy is made, so that there is something to
        disturb."""
        wait_until(lambda: all(self.service.runs(t) for t in TABLES), LIMIT)

    def kill_one(self):
        """One of a kind that is drawn, as soon as there is one."""
        name = self.rng.choice(("supervisor", *STAGES))
        nth = self.rng.random()
        found = []

        def is_there():
            found[:] = [p for p, n in self.service.processes() if n == name]
            return found
        if wait_until(is_there, 2, 0.005) is None:
            return False
        pid = found[int(nth * len(found))]
        if not (self.kill_supervisor if name == "supervisor" else kill)(pid):
            return False
        self.hits[name] += 1
        self.times.append(time.time())
        return True

    def kill_supervisor(self, pid):
        """Its lock has to live on in what it leaves."""
        with self.service.lock:         # so that it isn't started yet
            left = [p for p, n in self.service.processes() if n in STAGES]
            if not kill(pid):
                return False
            self.service.process.wait()
            held = invariants.lock_held(self.service.state)
            if not held and any(works(p) for p in left):
                self.violations.append(Violation(
                    "I9", None, None, "the lock is free while stages of a "
                    "dead supervisor live"))
            return True

    def kill_all(self):
        self.times.append(time.time())
        found = self.service.kill_all()
        self.hits["all, %d processes" % len(found)] += 1
        self.checkpoints()
        self.service.start()
        return True

    def checkpoints(self):
        """I5, while none of us writes."""
        wait_until(self.target.answers, LIMIT)
        if self.steps:
            return              # times say nothing about what came first
        marks = {t: self.service.bookmark(t) for t in TABLES}
        book = self.seen_book = ledger.Ledger.read(self.seen_book)
        for table, mark in marks.items():
            if mark is None:
                continue
            seqs = dict(self.target.seqs(table))
            self.violations += invariants.checkpoint_true(mark, book, seqs)
            self.violations += invariants.checkpoint_grows(
                self.before.get(table), mark)
            self.before[table] = mark
            self.checked += 1

    def source_killed(self):
        """kill -9 of the source, and its return."""
        name = os.environ["MILLRACE_SOURCE"]
        servers("stop", "--keep", "--kill", name)
        self.pause(0.3)
        servers("start", name)
        self.hits["server " + name] += 1

    def target_killed(self):
        """kill -9 of MongoDB's server; what it has then is compared with
        the positions before anybody writes again."""
        servers("stop", "--keep", "--kill", "mongodb")
        self.service.kill_all()
        servers("start", "mongodb")
        self.checkpoints()
        self.service.start()
        self.hits["server mongodb"] += 1

    def phases(self):
        """In what they came: a run, or the time between two."""
        begun = []
        with open(self.service.log, encoding="utf-8") as log:
            for line in log:
                at = STAMP.match(line)
                if at and '"operation":"run"' in line:
                    begun.append((datetime.datetime.fromisoformat(
                        at[1] + "+00:00").timestamp(),
                        1 if "run begins" in line else 0))
        count = collections.Counter()
        for at in self.times:
            last = bisect.bisect(begun, (at, 2))
            count["in a run" if last and begun[last - 1][1] else
                  "between two"] += 1
        return count

    # The end.

    def rest(self):
        """Stop the writers; return how long until all is there."""
        for w in self.writers:
            w.terminate()
        self.stats = collections.Counter()
        for w in self.writers:
            said = json.loads(w.communicate()[0] or '{"count":{}}')
            self.stats.update(said["count"])
        self.root = ledger.connect()
        self.book = ledger.Ledger.read()
        took = wait_until(self.equal if self.steps else self.covered, LIMIT)
        runs = {t: self.service.runs(t) for t in TABLES}
        wait_until(lambda: all(self.service.runs(t) >= runs[t] + 2
                               for t in TABLES), LIMIT)
        return took

    def covered(self):
        """Do the positions say that all is there?"""
        marks = {t: self.service.bookmark(t) for t in TABLES}
        return all(marks.values()) and all(
            marks[e.table].covers(e) for e in self.book.alive().values())

    def equal(self):
        """Is it there?"""
        return not any(True for t in TABLES for _ in invariants.at_rest(
            t, self.book, self.target.docs(t), self.deletes))

    def close(self):
        """Check everything. Return the violations."""
        took = self.rest()
        self.took = took
        live = self.service.processes()
        out = self.violations
        out += invariants.descriptors(live, 80)
        out += invariants.lively(took, LIMIT)
        out += invariants.secret_kept(self.secrets, self.folder, live)
        for thread in (*self.controls, self.observer):
            thread.finish()
        code = self.service.stop()
        if code != 0:
            out.append(Violation("I9", None, None, "the supervisor ended "
                                 "with %s" % code))
        self.checkpoints()
        self.left = 0
        for table in TABLES:
            docs = self.target.docs(table)
            out += invariants.at_rest(table, self.book, docs, self.deletes)
            self.left += invariants.left_by_deletes(table, self.book, docs)
            out += invariants.checkpoint_sane(
                self.service.checkpoint(table), table)
        out += invariants.never_back(self.observer)
        with open(self.service.log) as log:
            out += invariants.conserved(log)
        out += invariants.nothing_left(self.service.state)
        ledger.ask(self.root, "DROP USER '%s'@'%%'" % self.user)
        return out

    def abort(self):
        for thread in (*getattr(self, "controls", ()),
                       *([self.observer] if hasattr(self, "observer")
                         else ())):
            thread.stop.set()
        for w in getattr(self, "writers", ()):
            w.kill()
        if hasattr(self, "service"):
            self.service.kill_all()

    def report(self, say):
        count = collections.Counter(v.invariant for v in self.violations)
        say("%d commits, %d changes of %d keys; writers: %s" % (
            self.book.commits(), len(self.book.entries),
            len(self.book.by_key), listed(self.stats)))
        say("faults: %s; %d checkpoints compared, %d looks at hot documents"
            % (listed(self.hits), self.checked, self.observer.looks))
        say("lost %d, doubled %d, stale %d, went back %d, position ahead %d;"
            " at rest after %s" % (
                count["I1"], count["I2"], count["I3"], count["I4"],
                count["I5"], "%.1f s" % self.took if self.took is not None
                else "never"))
        if not self.deletes:
            say("%d documents of deleted rows are left: the time of change "
                "doesn't tell of deletes" % self.left)

    def losses(self, say):
        """What the controls have lost, in percent of the rows."""
        rows = sum(t == "acct" for t, _ in self.book.alive())
        for c in self.controls:
            lost = c.lost(self.book)
            share = 100 * len(lost) / rows
            say("control, %s: lost %d of %d rows, %.1f %% (%s)" % (
                c.name, len(lost), rows, share,
                listed(collections.Counter(e.kind for e in lost))))
            yield c, share


def campaign(args, folder, say, faults, kind=Race):
    """A race while faults(it) breaks things. Return it, at its end."""
    without = args.without.split(",")
    kinds = [k for k in workload.KINDS if k not in without]
    it = kind(folder, args.seed, kinds, args.longest, args.deletes)
    try:
        it.open()
        faults(it)
        it.close()
    except BaseException:
        it.abort()
        raise
    it.report(say)
    return it


def shown(it):
    return [invariants.show(v, it.book) for v in it.violations]


def race(args, folder, say):
    """args.n seconds of writers, or until they have made args.commits; the
    controls have to lose. With args.steps the source's clock is set, once in
    so many seconds."""
    clock = Clock() if args.steps else None

    def enough(it, end):
        if time.monotonic() >= end or not args.commits:
            return time.monotonic() >= end
        (commits,), = ledger.ask(it.root, "SELECT COUNT(DISTINCT tx) FROM "
                                 "ledger")
        return commits >= args.commits

    def faults(it):
        start = time.monotonic()
        if clock:
            it.settle()
        while not enough(it, start + args.n):
            time.sleep(min(1, args.n) if not clock else
                       min(3 * args.steps,
                           it.rng.expovariate(1 / args.steps)))
            if clock:
                it.step(clock)
        if clock:
            it.last_step(clock)
    try:
        it = campaign(args, folder, say, faults, Steps if clock else Race)
    finally:
        if clock:
            clock.end()
    out = shown(it)
    for control, share in it.losses(say):
        if share <= (1 if control.lag == 0 else 0):
            out.append("the control lost too little: %s" % control.name)
    return out


def kills(args, folder, say):
    """args.n times one process is killed, or all at once."""
    def faults(it):
        it.settle()
        done = 0
        while done < args.n:
            it.pause(0.15)
            done += it.kill_all() if it.rng.random() < 0.15 else \
                it.kill_one()
    it = campaign(args, folder, say, faults)
    say("of the kills, %s" % listed(it.phases()))
    for _ in it.losses(say):
        pass
    return shown(it)


class Steps(Race):
    """Readers come and go, and have to know what the clock was before. One
    step between two is seen, and several in one direction; not one back that
    is made up for before anybody has looked."""

    steps = True
    unseen = 0                  # when the last step back was

    def step(self, clock, by=None):
        """Set the source's clock, mostly by little."""
        by = by if by is not None else \
            self.rng.choice((-1, 1)) * 10 ** self.rng.uniform(-1, 2)
        back = by < clock.by
        if self.unseen and not back:
            wait_until(self.seen, LIMIT)
        self.hits["back" if back else "forth"] += 1
        clock.set(by)
        self.unseen = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000 \
            if back else 0

    def last_step(self, clock):
        """Rows of the future are taken when it has come: let it."""
        self.step(clock, clock.highest + 1)
        self.pause(1.5)

    def seen(self):
        """Have the positions of all tables been moved since?"""
        marks = [self.service.bookmark(t) for t in TABLES]
        return all(m and m.up > self.unseen for m in marks)


class Clock:
    """Of the source, which is started anew with a clock that can be set."""

    def __init__(self):
        self.source = os.environ["MILLRACE_SOURCE"]
        run = os.environ["MILLRACE_RUN"]
        inside = ""
        folder = run + "/mariadb"
        if self.source == "mysql":
            # It lives in a folder of its own, with paths of its own.
            with open(run + "/id", encoding="ascii") as f:
                inside = "/srv/millrace/%s" % f.read().strip()
            folder = os.environ["MILLRACE_SID"] + inside
        else:
            inside = folder
        shutil.copy(ROOT + "/build/support/clockstep.so", folder)
        self.file = folder + "/clockstep"
        self.by = self.highest = 0
        self.set(0)
        self.restart(LD_PRELOAD=inside + "/clockstep.so",
                     CLOCKSTEP_FILE=inside + "/clockstep")

    def set(self, seconds):
        """To so many seconds off the machine's."""
        self.by = seconds
        self.highest = max(self.highest, seconds)
        with open(self.file, "r+b" if os.path.exists(self.file)
                  else "wb") as f:
            f.write(int(seconds * 1000000).to_bytes(8, "little",
                                                    signed=True))

    def end(self):
        self.set(0)
        self.restart()

    def restart(self, **env):
        servers("stop", "--keep", self.source)
        servers("start", self.source, **env)


def clock(args, folder, say):
    """args.n times the source's clock is set, forth or back."""
    clock = Clock()

    def faults(it):
        it.settle()
        for _ in range(args.n):
            it.pause(1.5)
            it.step(clock)
        it.last_step(clock)
    try:
        it = campaign(args, folder, say, faults, Steps)
    finally:
        clock.end()
    return shown(it)


def servers(*command, **env):
    subprocess.run([HERE + "/../../scripts/servers", *command], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env={**os.environ, **env})


def restarts(args, folder, say):
    """args.n times a server is killed, and comes back. Then a control: a
    server that acknowledges before its log is written has to be found out."""
    if os.environ.get("MONGODB_TEST_URI"):
        say("not with MONGODB_TEST_URI: it is not ours to stop")
        return []

    def faults(it):
        it.settle()
        for i in range(args.n):
            it.pause(1)
            if i % 2 == 0:
                it.target_killed()
            else:
                it.source_killed()
        it.pause(1)
    out = shown(campaign(args, folder, say, faults))
    if not out and not found_out(args, folder + "/control", say):
        out.append("the control lost nothing: a server that acknowledges "
                   "too early")
    return out


def engine(setting):
    """Set PostgreSQL's synchronous_commit, below FerretDB. False if what
    runs is no FerretDB."""
    run = os.environ["MILLRACE_RUN"] + "/mongodb/"
    if not os.path.exists(run + "engine-port"):
        return False
    with open(run + "engine-port", encoding="ascii") as f:
        port = f.read().strip()
    subprocess.run(
        ["chroot", os.environ["MILLRACE_SID"],
         "/usr/lib/postgresql/18/bin/psql", "-q", "-h",
         "127.0.0.1", "-p", port, "-U", "postgres", "-c",
         "ALTER SYSTEM SET synchronous_commit = " + setting, "-c",
         "SELECT pg_reload_conf()"], check=True, stdout=subprocess.DEVNULL)
    return True


def found_out(args, folder, say):
    """Is a server noticed that loses what it has acknowledged?"""
    if not engine("off"):
        say("control, early acknowledgement: only with FerretDB")
        return True
    os.mkdir(folder)
    it = Race(folder, args.seed, ["auto"], 1, False)
    try:
        it.open()
        it.settle()
        for _ in range(8):
            it.pause(1)
            it.target_killed()
            if it.violations:
                break
    finally:
        it.abort()
        engine("on")
    lost = sum(v.invariant == "I5" for v in it.violations)
    say("control, early acknowledgement: %d kills, position ahead of %d rows"
        % (it.hits["server mongodb"], lost))
    return lost > 0
