"""Damage done on purpose, each kind of which has to be found, by the
invariant that it breaks. A checker that misses one is no checker."""
import contextlib
import datetime
import fcntl
import os
import shutil
import subprocess
import sys

from bson import Decimal128, Int64, SON

import invariants
import lane
import ledger
from controls import Observer
from service import ROOT, settings, wait_until

SECRET = "sesame-planted"
PLANTS = []


def plant(invariant, name):
    """A function that damages a world, yields, and mends it."""
    def keep(f):
        PLANTS.append((invariant, name, contextlib.contextmanager(f)))
        return f
    return keep


class World(lane.Lane):
    """Two tables, copied and changed and copied again, at rest."""

    stops = False

    def __init__(self, *args):
        super().__init__(*args)
        self.env = settings(self.folder, HTTP_ADDRESS="off")
        self.state = self.env["STATE_DIR"]
        self.log = self.folder + "/log"
        self.deletes = False
        self.processes = []
        self.fill()
        self.once()
        self.before = {t: self.bookmark(t) for t in ledger.TABLES}
        shutil.copytree(self.state, self.folder + "/earlier",
                        ignore=shutil.ignore_patterns("ack"))
        self.change("twice", "UPDATE acct SET note = 'b' WHERE id < 30")
        self.change("twice", "DELETE FROM acct WHERE id = 20")
        self.change("twice", "UPDATE tick SET note = 'b' WHERE id < 1010")
        self.once()
        self.observer = Observer(self.target, {"acct": [1, 2, 3]})
        self.observer.look()

    def fill(self):
        self.change("fill", "INSERT INTO acct (id, note, amount, ratio, "
                    "marks, data, seen) VALUES (20, 'gone', NULL, NULL, NULL,"
                    " NULL, NULL), (21, 'a 😀', 12.50, 0.1, 'a,c', "
                    "'{\"a\": [1, 2, null], \"b\": 9007199254740993}', "
                    "'2024-02-29 23:59:59.999')")
        self.change("fill", "UPDATE acct SET note = 'again' WHERE id = 21")

    def change(self, tx, sql):
        ledger.ask(self.link, "SET @kind = 'planted', @tx = %s", tx)
        ledger.ask(self.link, sql)

    def once(self):
        with open(self.log, "ab") as log:
            subprocess.run([ROOT + "/bin/supervisor", "--once"],
                           env=self.env, cwd=self.folder, stderr=log,
                           stdout=subprocess.DEVNULL, check=True, timeout=60)

    def path(self, table):
        return "%s/tables/%s/checkpoint" % (self.state, table)

    def bookmark(self, table):
        return invariants.Bookmark(self.path(table), table)

    def check(self):
        book = ledger.Ledger.read()
        for table in ledger.TABLES:
            yield from invariants.at_rest(
                table, book, self.target.docs(table), self.deletes)
            yield from invariants.checkpoint_sane(self.path(table), table)
            with contextlib.suppress(ValueError, OSError):
                mark = self.bookmark(table)
                yield from invariants.checkpoint_true(
                    mark, book, dict(self.target.seqs(table)))
                yield from invariants.checkpoint_grows(
                    self.before[table], mark)
        yield from invariants.never_back(self.observer)
        with open(self.log, encoding="utf-8") as log:
            yield from invariants.conserved(log)
        yield from invariants.lively(
            wait_until(lambda: self.there(book), 0.1), 1)
        yield from invariants.nothing_left(self.state)
        yield from invariants.secret_kept([SECRET], self.folder,
                                          self.processes)

    def there(self, book):
        """Do the positions cover all there is?"""
        try:
            marks = {t: self.bookmark(t) for t in ledger.TABLES}
        except (ValueError, OSError):
            return False
        return all(marks[e.table].covers(e) for e in book.alive().values())

    # Ways to damage it that several of the plants take.

    @contextlib.contextmanager
    def doc(self, change, key=21, table="acct"):
        """Another document in its place, or none."""
        coll = self.target.db[table]
        old = coll.find_one({"_id": key})
        new = change(SON(old))
        coll.delete_one({"_id": key})
        if new is not None:
            coll.insert_one(new)
        yield
        if new is not None:
            coll.delete_one({"_id": new["_id"]})
        coll.insert_one(old)

    @contextlib.contextmanager
    def more(self, document, table="acct"):
        coll = self.target.db[table]
        coll.insert_one(document)
        yield
        coll.delete_one({"_id": document["_id"]})

    @contextlib.contextmanager
    def file(self, path, change):
        """Other bytes in a file."""
        with open(path, "rb") as f:
            old = f.read()
        with open(path, "wb") as f:
            f.write(change(old))
        yield
        with open(path, "wb") as f:
            f.write(old)

    def set(self, **fields):
        def change(doc):
            doc.update(fields)
            return doc
        return self.doc(change)

    def trial(self, plan):
        """A violation for each plant that is not found."""
        invariant, name, damage = PLANTS[plan]
        before = sorted({v.invariant for v in self.check()})
        with damage(self):
            found = sorted({v.invariant for v in self.check()})
        if before or invariant not in found:
            yield invariants.Violation(
                invariant, None, None, "%s: found %s, and %s before" % (
                    name, found or "nothing", before or "nothing"))
        else:
            self.count[invariant] += 1


def using(invariant, name):
    """A plant that is one of World's ways."""
    def keep(f):
        @plant(invariant, name)
        def _(w):
            with f(w):
                yield
        return f
    return keep


using("I1", "a document is missing")(
    lambda w: w.doc(lambda d: None))
using("I1", "a text is another one")(
    lambda w: w.set(note="again "))
using("I1", "a letter is replaced")(
    lambda w: w.set(note="agai?"))
using("I1", "a decimal has lost its zero")(
    lambda w: w.set(amount=Decimal128("12.5")))
using("I1", "a decimal is a double")(
    lambda w: w.set(amount=12.5))
using("I1", "a double is off by its last bit")(
    lambda w: w.set(ratio=0.1 + 2**-56))
using("I1", "a date is off by a millisecond")(
    lambda w: w.set(seen=datetime.datetime(2024, 2, 29, 23, 59, 59, 998000)))
using("I1", "a date is an hour off")(
    lambda w: w.set(updated_at=datetime.datetime(2024, 2, 29, 22)))
using("I1", "a set is a text")(
    lambda w: w.set(marks="a,c"))
using("I1", "a large integer went through a double")(
    lambda w: w.set(data=SON([("a", [1, 2, None]),
                              ("b", Int64(9007199254740992))])))
using("I1", "a null in an array is gone")(
    lambda w: w.set(data=SON([("a", [1, 2]),
                              ("b", Int64(9007199254740993))])))


@using("I1", "an int64 is an int32")
def _(w):
    return w.set(id=21)


@using("I1", "a field is missing")
def _(w):
    def change(doc):
        del doc["ratio"]
        return doc
    return w.doc(change)


@using("I1", "a null is a missing field")
def _(w):
    def change(doc):
        del doc["amount"]
        return doc
    return w.doc(change, 1)


@using("I1", "a field too many")
def _(w):
    return w.set(more=1)


@using("I1", "fields in another order")
def _(w):
    return w.doc(lambda doc: SON(sorted(doc.items(), reverse=True)))


@using("I1", "no stamp")
def _(w):
    def change(doc):
        del doc["_sync"]
        return doc
    return w.doc(change)


@using("I1", "what was never committed")
def _(w):
    return w.set(seq=9, note="rolled back")


@using("I2", "doubled under a key of another type")
def _(w):
    return w.more({**w.target.db["acct"].find_one({"_id": 21}),
                   "_id": "21"})


@using("I2", "doubled with the key's fields turned round")
def _(w):
    doc = w.target.db["tick"].find_one({"_id.id": 1001})
    doc["_id"] = SON([("id", doc["id"]), ("shard", doc["shard"])])
    return w.more(doc, "tick")


@using("I2", "a document that never was a row")
def _(w):
    return w.more({"_id": Int64(777), "id": Int64(777), "seq": 1,
                   "note": "?"})


@plant("I2", "a deleted row where deletes are mirrored")
def _(w):
    w.deletes = True
    yield
    w.deletes = False


@using("I2", "a deleted row as it never was")
def _(w):
    return w.doc(lambda doc: SON({**doc, "seq": 7}), 20)


@using("I3", "the state before the last")
def _(w):
    return w.doc(lambda doc: SON({**doc, "seq": doc["seq"] - 1,
                                  "note": "a 😀"}))


@using("I3", "the last transaction is undone in part")
def _(w):
    return w.doc(lambda doc: SON({**doc, "seq": 1}), 3)


@plant("I4", "a document goes back for a moment")
def _(w):
    with w.doc(lambda doc: SON({**doc, "seq": 1}), 2):
        w.observer.look()
    w.observer.look()
    yield
    w.observer.back.clear()


@plant("I4", "a document vanishes for a moment")
def _(w):
    with w.doc(lambda doc: None, 2):
        w.observer.look()
    w.observer.look()
    yield
    w.observer.back.clear()


def sealed(path):
    """Give a changed checkpoint a sum that fits."""
    with open(path, "rb") as f:
        body = f.read().rsplit(b"crc32c=", 1)[0]
    with open(path, "wb") as f:
        f.write(body + b"crc32c=%08x\n" % invariants.crc32c(body))


@contextlib.contextmanager
def moved(w, old, new):
    """The position of acct in its checkpoint is another one."""
    with w.file(w.path("acct"), lambda b: b.replace(old, new)):
        sealed(w.path("acct"))
        yield


@plant("I5", "the position is ahead of one row")
def _(w):
    w.change("late", "INSERT INTO acct (id, note) VALUES (900, 'late')")
    (soon,), = ledger.ask(w.link, "SELECT NOW(6) + INTERVAL 1 SECOND")
    with moved(w, w.bookmark("acct").time.encode(),
               soon.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()):
        yield
    w.once()


@using("I5", "the epoch of an earlier time")
def _(w):
    return moved(w, b'"epoch":1', b'"epoch":0')


@plant("I5", "the position of an earlier time")
def _(w):
    with open("%s/earlier/tables/acct/checkpoint" % w.folder, "rb") as f:
        old = f.read()
    before, w.before = w.before, {t: w.bookmark(t) for t in ledger.TABLES}
    with w.file(w.path("acct"), lambda b: old):
        yield
    w.before = before


@using("I5", "half a checkpoint")
def _(w):
    return w.file(w.path("tick"), lambda b: b[:len(b) // 2])


@using("I5", "a bit of a checkpoint is another one")
def _(w):
    return w.file(w.path("tick"), lambda b: b.replace(b"records=", b"recordr="))


@plant("I5", "another table's checkpoint")
def _(w):
    with open(w.path("tick"), "rb") as f:
        other = f.read()
    with w.file(w.path("acct") + ".prev", lambda b: other):
        yield


@plant("I5", "the checkpoint before is gone")
def _(w):
    path = w.path("acct") + ".prev"
    os.rename(path, path + "ious")
    yield
    os.rename(path + "ious", path)


def last_load(change, operation=b"load"):
    """The last report of load that tells of records, changed."""
    def edit(log):
        lines = log.splitlines(keepends=True)
        for i in range(len(lines) - 1, -1, -1):
            if b'"operation":"%s"' % operation in lines[i] and \
                    b'"records_processed":0' not in lines[i]:
                lines[i] = change(lines[i])
                break
        return b"".join(lines)
    return edit


def more_in(line, name):
    head, rest = line.split(name + b'":', 1)
    n = rest.split(b",")[0]
    return head + name + b'":%d' % (int(n) + 1) + rest[len(n):]


@using("I6", "load received what nobody sent")
def _(w):
    return w.file(w.log, last_load(lambda x: more_in(
        more_in(x, b"records_processed"), b"records_updated")))


@using("I6", "transform lost what extract sent")
def _(w):
    return w.file(w.log, last_load(lambda x: more_in(
        x, b"records_processed"), b"extract"))


@using("I6", "a record without a fate")
def _(w):
    return w.file(w.log, last_load(lambda x: more_in(
        x, b"records_processed")))


@using("I6", "no run reports")
def _(w):
    return w.file(w.log, lambda log: b"")


@plant("I8", "a change that nobody takes")
def _(w):
    w.change("late", "UPDATE acct SET note = 'late' WHERE id = 150")
    yield
    w.once()


@contextlib.contextmanager
def process(w, name, argument, env):
    p = subprocess.Popen([sys.executable, "-c", "import time; "
                          "time.sleep(100)", argument], env=env)
    w.processes = [(p.pid, name)]
    yield
    w.processes = []
    p.kill()
    p.wait()


@plant("I9", "a process is left")
def _(w):
    with process(w, "load", w.state + "/tables/acct/ack", {}):
        yield


@plant("I9", "a temporary file is left")
def _(w):
    path = w.path("acct") + ".new"
    open(path, "w", encoding="utf-8").close()
    yield
    os.unlink(path)


@plant("I9", "the lock is held")
def _(w):
    with open(w.state + "/lock", "rb") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


@using("I10", "a password in the log")
def _(w):
    return w.file(w.log, lambda log: log + b'{"message":"can\'t log in: %s"}\n'
                  % SECRET.encode())


@plant("I10", "a value in the name of a file")
def _(w):
    path = "%s/%s.txt" % (w.folder, SECRET)
    open(path, "w", encoding="utf-8").close()
    yield
    os.unlink(path)


@using("I10", "a password among the arguments")
def _(w):
    return process(w, "extract", SECRET, {})


@using("I10", "a password in the environment of another stage")
def _(w):
    return process(w, "load", "x", {"MYSQL_PASSWORD": SECRET})


@plant("ledger", "a change that the ledger lacks")
def _(w):
    ledger.ask(w.link, "CREATE TABLE kept AS SELECT * FROM ledger WHERE "
               "tbl = 'acct' AND k = '21' AND seq = 3")
    ledger.ask(w.link, "DELETE FROM ledger WHERE n IN (SELECT n FROM kept)")
    yield
    ledger.ask(w.link, "INSERT INTO ledger SELECT * FROM kept")
    ledger.ask(w.link, "DROP TABLE kept")


def row(args, folder, say):
    """Each of them. Return a violation for each that is missed."""
    trials, count, out = lane.run(World, folder, args.seed,
                                  list(range(len(PLANTS))))
    say("planted: %d of %d found (%s)" % (
        trials - len(out), len(PLANTS), lane.listed(count)))
    return out
