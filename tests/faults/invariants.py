"""What must hold, I1 to I10, checked from the ledger and both servers.

Shares no code with the programs. What a row is as a document is said by
tests/checker, which has rules of its own. Each function yields violations;
each names its invariant, the key, both sides, and the ledger of that key.
"""
import collections
import contextlib
import importlib.machinery
import importlib.util
import json
import os
import re

import pymongo

from ledger import TABLES, digest_of, key_in

HERE = os.path.dirname(os.path.abspath(__file__))


def module(path):
    """A program of tests/ as a module."""
    loader = importlib.machinery.SourceFileLoader(
        os.path.basename(path), path)
    spec = importlib.util.spec_from_loader(loader.name, loader)
    made = importlib.util.module_from_spec(spec)
    loader.exec_module(made)
    return made


checker = module(os.path.join(HERE, "..", "checker"))

Violation = collections.namedtuple("Violation", "invariant table key what")


def show(v, ledger=None):
    lines = ["%s violated: %s %s: %s" % (
        v.invariant, v.table or "-", v.key if v.key is not None else "-",
        v.what)]
    if ledger and v.key is not None:
        lines += ["    ledger: %s seq %d %s by %s in %s, %s" % (
            e.op, e.seq, e.changed, e.kind, e.tx, e.digest)
            for e in ledger.by_key.get((v.table, v.key), [])[-4:]]
    return "\n".join(lines)


# --- MongoDB ----------------------------------------------------------------

class Target:
    errors = (pymongo.errors.PyMongoError, OSError)

    def __init__(self):
        self.client = pymongo.MongoClient(
            os.environ["MONGODB_URI"], serverSelectionTimeoutMS=10000)
        self.db = self.client[os.environ["MONGODB_DATABASE"]]

    def answers(self):
        try:
            self.client.admin.command("ping")
            return True
        except self.errors:
            return False

    def docs(self, table):
        return list(self.db[table].find({}))

    def seqs(self, table, ids=None):
        """Yield _id, as the ledger's key, and seq."""
        query = {} if ids is None else {"_id": {"$in": ids}}
        for doc in self.db[table].find(query, {"seq": 1}):
            yield id_key(doc["_id"]), doc.get("seq", 0)


def id_key(_id):
    if isinstance(_id, dict):
        return tuple(_id.values())
    return (_id,)


def is_key(table, key):
    return len(key) == len(TABLES[table][0].split(",")) and \
        all(isinstance(k, int) for k in key)


# --- I1 to I3: at rest ------------------------------------------------------

def rows_as_documents(table):
    """(key, document) as tests/checker makes it, of every row."""
    source = checker.Source()
    with contextlib.closing(source.link):
        columns = source.columns(table)
        make = checker.plain(columns, source.key(table))
        for chunk in source.rows(table, columns):
            for doc in map(make, chunk):
                yield key_in(table, doc), doc


def at_rest(table, ledger, docs, deletes):
    """I1, I2, I3 of a table whose writers have stopped.

    `deletes` is whether rows that are deleted must leave MongoDB; otherwise
    what they were last may stay, and is counted by the caller.
    """
    wanted = dict(rows_as_documents(table))
    alive = {key: e for (t, key), e in ledger.alive().items() if t == table}
    for key in alive.keys() ^ wanted.keys():
        yield Violation("ledger", table, key, "the row is %s" % (
            "not there" if key in alive else "there"))
    stored = {}
    for doc in docs:
        stored.setdefault(id_key(doc["_id"]), doc)
    for key, want in wanted.items():
        yield from one_row(table, key, want, stored.get(key),
                           alive.get(key))
    yield from extra(table, ledger, docs, wanted, deletes)


def one_row(table, key, want, doc, entry):
    if doc is None:
        yield Violation("I1", table, key, "lost: there is no document")
        return
    seq = doc.get("seq", 0)
    if entry and isinstance(seq, int) and seq < entry.seq:
        yield Violation("I3", table, key, "stale: seq is %d, not %d"
                        % (seq, entry.seq))
        return
    got = {name: v for name, v in doc.items() if name != "_sync"}
    for path, w, g in checker.differences(want, got):
        yield Violation("I1", table, key, "%s: MySQL %s, MongoDB %s" % (
            path, checker.show(w), checker.show(g)))
    if list(got) != list(want) and set(got) == set(want):
        yield Violation("I1", table, key, "the order of fields: %s"
                        % list(got))
    if entry and digest_of(table, want) != entry.digest:
        yield Violation("ledger", table, key, "the row isn't what was "
                        "written: %s" % want)
    if "_sync" not in doc:
        yield Violation("I1", table, key, "has no _sync")


def extra(table, ledger, docs, wanted, deletes):
    keys = collections.Counter(id_key(doc["_id"]) for doc in docs)
    fields = collections.Counter()
    for doc in docs:
        key = id_key(doc["_id"])
        with contextlib.suppress(KeyError, TypeError, ValueError):
            fields[key_in(table, doc)] += 1
        if key in wanted and keys[key] == 1:
            continue
        if keys[key] > 1:
            yield Violation("I2", table, key, "doubled: _id %r" % doc["_id"])
            continue
        last = ledger.last(table, key) if is_key(table, key) else None
        if last is None:
            yield Violation("I2", table, key, "extra: never was a row")
        elif deletes:
            yield Violation("I2", table, key, "extra: the row is deleted")
        elif doc.get("seq", 0) not in (
                e.seq for e in ledger.by_key[table, key] if e.op != "d"):
            yield Violation("I2", table, key, "left behind by a delete, and "
                            "never was so: seq %r" % doc.get("seq"))
    for key, n in fields.items():
        if n > 1:
            yield Violation("I2", table, key, "doubled: %d documents have "
                            "this key in their fields" % n)


def left_by_deletes(table, ledger, docs):
    """How many documents are those of deleted rows."""
    gone = {key for (t, key), es in ledger.by_key.items()
            if t == table and es[-1].op == "d"}
    return sum(id_key(doc["_id"]) in gone for doc in docs)


# --- I4 ---------------------------------------------------------------------

def never_back(observer):
    for table, key, had, has in observer.back:
        yield Violation("I4", table, key, "went back from seq %d to %d"
                        % (had, has))


# --- I5: the checkpoint -----------------------------------------------------

def crc32c_of(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
    return byte


CRC32C = [crc32c_of(byte) for byte in range(256)]


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC32C[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


assert crc32c(b"123456789") == 0xe3069283


class Bookmark:
    """What a checkpoint file claims: which changes are safe."""

    def __init__(self, path, table):
        self.table = table
        self.time, self.key, self.scan = "", (), None
        self.epoch = self.up = 0
        with open(path, "rb") as f:
            text = f.read()
        body, seal = text.rsplit(b"crc32c=", 1)
        if int(seal, 16) != crc32c(body):
            raise ValueError("%s: its crc32c doesn't fit" % path)
        members = dict(line.split("=", 1)
                       for line in body.decode().splitlines()[1:])
        if members["pipeline"] != table:
            raise ValueError("%s: is of %s" % (path, members["pipeline"]))
        if "value" in members:
            self.take(json.loads(members["value"]))

    def take(self, value):
        value = value["bookmarks"][self.table]
        self.time = value.get("replication_key_value", "")
        self.key = tuple(value.get("key", ()))
        self.epoch = value["epoch"]
        self.up = value.get("clock", {}).get("up", 0)
        if "scan" in value:
            self.scan = (value["scan"].get("to", ""),
                         tuple(value["scan"].get("key", ())))

    def place(self):
        return self.epoch, self.time, self.key

    def covers(self, e):
        """Is this change said to be in MongoDB?"""
        if e.table != self.table or not e.changed:
            return False
        if self.time and (e.changed < self.time or e.changed == self.time
                          and self.key and e.key <= self.key):
            return True
        return bool(self.scan and self.scan[1] and e.key <= self.scan[1]
                    and e.changed < self.scan[0])


class StateFile(Bookmark):
    """The same of a file that `load --ack` writes."""

    def __init__(self, path, table):        # pylint: disable=W0231
        self.table = table
        self.time, self.key, self.scan = "", (), None
        self.epoch = self.up = 0
        with open(path, encoding="utf-8") as f:
            self.take(json.load(f))


def checkpoint_true(bookmark, ledger, seqs):
    """I5: nothing that the position covers is missing. To be asked when
    nobody writes to MongoDB; `seqs` is what is there.

    By time of change a reader need not see a state that another one has
    followed: what counts is the last of each key.
    """
    for (table, key), entries in ledger.by_key.items():
        last = entries[-1]
        if table != bookmark.table or not bookmark.covers(last):
            continue
        has = seqs.get(key, 0)
        if has < last.seq:
            yield Violation("I5", table, key, "the checkpoint %s %s covers "
                            "seq %d of %s by %s; there is seq %d" % (
                                bookmark.time, bookmark.key, last.seq,
                                last.changed, last.kind, has))


def checkpoint_grows(before, now):
    """I5: no position goes back."""
    if before is not None and now.place() < before.place():
        yield Violation("I5", now.table, None, "the position went back from "
                        "%s to %s" % (before.place(), now.place()))


def checkpoint_sane(path, table):
    """I5: the file is whole, and so is the one before it."""
    for name in (path, path + ".prev"):
        try:
            Bookmark(name, table)
        except (OSError, ValueError, KeyError) as e:
            yield Violation("I5", table, None, str(e) or repr(e))


# --- I6: the numbers of records ---------------------------------------------

def runs_of(lines):
    """The reports of each run in a supervisor's log: {run: {stage: line}}.
    Those of runs that failed tell of what was begun, too, and are left out,
    and so are verifications, which write little of what they read.
    """
    runs, others = collections.defaultdict(dict), set()
    for line in lines:
        with contextlib.suppress(ValueError):
            line = json.loads(line)
            if line.get("operation") in ("fail", "verify"):
                others.add(line.get("run"))
            if line.get("operation") in ("extract", "pass", "map", "load",
                                         "run"):
                runs[line.get("run")][line["component"]] = line
    return {run: stages for run, stages in runs.items() if run not in others}


def conserved(lines):
    """I6, for runs that ended well: what one stage has sent the next one
    has received, and each record has met one fate."""
    seen = 0
    for run, stages in runs_of(lines).items():
        e, t, l = (stages.get(s) for s in ("extract", "transform", "load"))
        if l:
            seen += 1
            fates = sum(l[c] for c in (
                "records_created", "records_updated", "records_deleted",
                "records_absent", "records_stale", "records_merged",
                "records_marked", "records_ignored",
                "records_rejected", "conflicts_target"))
            if l["records_processed"] != fates:
                yield Violation("I6", l.get("table"), None, "run %s: load "
                                "took %d, and %d met a fate" % (
                                    run, l["records_processed"], fates))
        if e and t and e["records_processed"] != t["records_processed"]:
            yield Violation("I6", e.get("table"), None, "run %s: extract "
                            "sent %d, transform received %d" % (
                                run, e["records_processed"],
                                t["records_processed"]))
        if t and l and t["records_processed"] - t.get("rejected", 0) != \
                l["records_processed"]:
            yield Violation("I6", l.get("table"), None, "run %s: transform "
                            "sent %d, load received %d" % (
                                run, t["records_processed"],
                                l["records_processed"]))
    if not seen:
        yield Violation("I6", None, None, "no run has reported")


# --- I8, I9, I10 ------------------------------------------------------------

def lively(seconds, limit):
    if seconds is None or seconds > limit:
        yield Violation("I8", None, None, "not at rest within %d s after "
                        "the last fault" % limit)


def processes():
    """(pid, command line) of all processes that live."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                yield int(pid), f.read()


def nothing_left(state):
    """I9, after the end of all: no process, no lock, no temporary file."""
    for pid, line in processes():
        if state.encode() + b"/" in line:
            yield Violation("I9", None, None, "process %d is left: %s" % (
                pid, line.replace(b"\0", b" ").decode(errors="replace")))
    for where, _, names in os.walk(state):
        for name in names:
            if name.endswith((".new", ".tmp")):
                yield Violation("I9", None, None, "a file is left: %s"
                                % os.path.join(where, name))
    if lock_held(state):
        yield Violation("I9", None, None, "the lock is held")


def lock_held(state):
    inode = os.stat(os.path.join(state, "lock")).st_ino
    with open("/proc/locks", encoding="ascii") as locks:
        return any(line.split()[5].endswith(":%d" % inode)
                   for line in locks if "->" not in line)


MEMORY = 64 << 10               # kilobytes of a stage, or the supervisor


def descriptors(pids, limit):
    """I9, while they run: descriptors of all, and memory at its most."""
    for pid, name in pids:
        with contextlib.suppress(OSError):
            n = len(os.listdir("/proc/%d/fd" % pid))
            if n > limit:
                yield Violation("I9", None, None, "%d descriptors of %s are "
                                "open" % (n, name))
            with open("/proc/%d/status" % pid, encoding="ascii") as f:
                peak = re.search(r"VmHWM:\s*(\d+)", f.read())
            with open("/proc/%d/maps" % pid, encoding="utf-8") as f:
                if "libasan" in f.read():
                    continue        # which takes many times as much
            if peak and int(peak[1]) > MEMORY:
                yield Violation("I9", None, None, "%s had %s kB" % (
                    name, peak[1]))


def secret_kept(secrets, folder, pids):
    """I10: not in logs, names of files, arguments, or environments other
    than of the one program that needs it."""
    find = re.compile(b"|".join(re.escape(s.encode()) for s in secrets))
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if find.search(os.fsencode(path)):
                yield Violation("I10", None, None, "in a name: %s" % path)
            if not os.path.isfile(path) or name.endswith(".rejects"):
                continue
            with open(path, "rb") as f:
                hit = find.search(f.read())
            if hit:
                yield Violation("I10", None, None, "in %s, byte %d" % (
                    path, hit.start()))
    for pid, name in pids:
        for part in ("cmdline", "environ"):
            if part == "environ" and name == "extract":
                continue
            with contextlib.suppress(OSError):
                with open("/proc/%d/%s" % (pid, part), "rb") as f:
                    if find.search(f.read()):
                        yield Violation("I10", None, None, "in the %s of %s"
                                        % (part, name))
