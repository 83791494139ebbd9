"""Writers that are hard on everybody who reads by time of change.

Each kind of writer has threads of its own, and a random sequence made of the
run's seed: long transactions, connections that are idle most of the time,
XA with and without the end of the connection, metadata locks, statements
over many rows, several changes of a row at a time, deletes and new inserts
of a key, rollbacks and savepoints. A server that goes away is waited for.
"""
import collections
import json
import random
import signal
import sys
import threading
import time

import pymysql

from ledger import ask, connect

HOT = 12                # keys that everybody changes
OWN = 40                # keys that one writer deletes and inserts again
PRIVATE = "zq7-private"         # in every row, and nowhere it doesn't belong

# How many threads of a kind, in each of two processes.
KINDS = {"auto": 3, "txn": 4, "idle": 20, "xa": 3, "owner": 1, "tick": 1,
         "poller": 1, "lock": 1}


class Stop(Exception):
    pass


class Shape:
    """What the writers of a run have in common."""

    def __init__(self, seed, longest, worker):
        self.seed = seed
        self.longest = longest          # seconds of a transaction, at most
        self.worker = worker
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.count = collections.Counter()
        self.next = 0

    def tally(self, name):
        with self.lock:
            self.count[name] += 1

    def number(self):
        """One that no other writer has."""
        with self.lock:
            self.next += 1
            return self.next * 16 + self.worker

    def fresh(self):
        return 1000000 + self.number()


class Writer(threading.Thread):
    def __init__(self, shape, kind, nth):
        super().__init__(daemon=True)
        self.shape, self.kind, self.nth = shape, kind, nth
        self.rng = random.Random("%s %s %s %s" % (
            shape.seed, shape.worker, kind, nth))
        self.link = None
        self.prepared = None            # an XA transaction of ours

    # Basics.

    def run(self):
        act = getattr(self, self.kind)
        try:
            while True:
                try:
                    if self.link is None:
                        self.link = connect(read_timeout=30)
                        self.recover()
                    act()
                except pymysql.MySQLError as e:
                    self.trouble(e)
        except Stop:
            self.close()
        if self.prepared:
            self.link = connect()
            self.settle()
            self.close()

    def trouble(self, e):
        code = e.args[0] if e.args else 0
        self.shape.tally("error %s" % code)
        try:
            if code not in (1205, 1213, 1614, 1062):
                raise e
            ask(self.link, "ROLLBACK")
        except (pymysql.MySQLError, OSError):
            self.close()
            self.pause(0.2)

    def close(self):
        try:
            if self.link:
                self.link.close()
        except (pymysql.MySQLError, OSError):
            pass
        self.link = None

    def pause(self, seconds):
        if self.shape.stop.wait(seconds):
            raise Stop

    def q(self, sql, *args):
        return ask(self.link, sql, *args)

    def mark(self):
        self.q("SET @kind = %s, @tx = %s", self.kind, "%s-%d" % (
            self.kind, self.shape.number()))

    # Changes of rows. Every note is new, so that every update is one.

    def text(self):
        return "%s %s %s %d" % (
            self.kind, PRIVATE,
            self.rng.choice(("plain", "żółw", "雪の華", "😀")),
            self.shape.number())

    def insert(self):
        rng = self.rng
        self.q("INSERT INTO acct (id, note, amount, ratio, marks, data, "
               "seen) VALUES (%s, %s, %s, %s, %s, %s, %s)",
               self.shape.fresh(), self.text(),
               rng.choice((None, "%.2f" % (rng.randrange(-10**9, 10**9)
                                           / 100))),
               rng.choice((None, rng.random())),
               rng.choice((None, "", "a", "a,c")),
               rng.choice((None, '{"n": %d, "l": [1, "x", null]}'
                           % rng.randrange(2**40))),
               rng.choice((None, "2024-02-29 23:59:59.999")))

    def update(self):
        self.q("UPDATE acct SET note = %s, amount = %s WHERE id = %s",
               self.text(), self.rng.randrange(10**6),
               self.rng.randrange(HOT) if self.kind != "auto" else
               100 + self.rng.randrange(100))

    def update_many(self):
        first = (100 if self.kind == "auto" else 300) + \
            self.rng.randrange(80)
        self.q("UPDATE acct SET note = CONCAT(%s, ' ', id) WHERE id BETWEEN "
               "%s AND %s ORDER BY id", self.text(), first, first + 9)

    def change(self):
        self.rng.choice((self.insert, self.insert, self.update,
                         self.update_many))()

    def finish(self):
        """The end of a transaction; most are committed."""
        if self.rng.random() < 0.12:
            self.q("ROLLBACK")
            self.shape.tally("rolled back")
        else:
            self.q("COMMIT")
            self.shape.tally(self.kind)

    def hold(self, low, high):
        """Stay so for a while, often short."""
        high = min(high, self.shape.longest)
        self.pause(low + (high - low) * self.rng.random() ** 3)

    # The kinds of writers.

    def auto(self):
        """Every statement by itself."""
        self.mark()
        self.change()
        self.shape.tally(self.kind)
        self.pause(self.rng.random() * 0.02)

    def txn(self):
        """A statement now and then in one transaction."""
        self.mark()
        self.q("START TRANSACTION")
        self.insert()
        for _ in range(self.rng.randrange(3)):
            self.hold(0, self.shape.longest / 3)
            if self.rng.random() < 0.3:
                self.q("SAVEPOINT s")
                self.change()
                self.q("ROLLBACK TO SAVEPOINT s")
            self.insert()
        self.hold(0, self.shape.longest)
        if self.rng.random() < 0.2:
            self.update()
        self.finish()

    def idle(self):
        """Mostly idle: lists that are a moment old don't name it."""
        self.pause(self.rng.random() * 4)
        self.mark()
        self.q("START TRANSACTION")
        self.insert()
        self.hold(0.2, 1.5)
        self.finish()

    def xa(self):
        """Prepared, and then detached from the connection, or not."""
        name = "x%d" % self.shape.number()
        self.mark()
        self.q("XA START %s", name)
        self.insert()
        self.hold(0, 0.5)
        self.q("XA END %s", name)
        self.prepared = name
        self.q("XA PREPARE %s", name)
        if self.rng.random() < 0.5:
            self.close()
            self.hold(0.1, 2)
            self.link = connect(read_timeout=30)
            self.settle()
        else:
            self.hold(0, 2)
            self.q("XA COMMIT %s", name)
        self.prepared = None
        self.shape.tally(self.kind)

    def settle(self):
        """Until the server has noticed that the connection is gone."""
        for _ in range(100):
            try:
                self.q("XA COMMIT %s", self.prepared)
                break
            except pymysql.MySQLError as e:
                if e.args[0] != 1397:
                    raise
                time.sleep(0.02)
        self.prepared = None

    def recover(self):
        """What was prepared when the server went away is finished."""
        if self.kind != "xa":
            return
        self.prepared = None
        for row in self.q("XA RECOVER"):
            try:
                self.q("XA COMMIT %s", row[3])
                self.shape.tally("recovered")
            except pymysql.MySQLError:
                pass

    def owner(self):
        """Deletes rows and inserts them again, some of them at once."""
        key = 500 + self.shape.worker * OWN + self.rng.randrange(OWN)
        self.mark()
        self.q("START TRANSACTION")
        if not self.q("SELECT 1 FROM acct WHERE id = %s FOR UPDATE", key):
            self.insert_again(key)
        elif self.rng.random() < 0.4:
            self.q("DELETE FROM acct WHERE id = %s", key)
            if self.rng.random() < 0.3:
                self.insert_again(key)
        else:
            self.q("UPDATE acct SET note = %s WHERE id = %s", self.text(),
                   key)
        self.finish()
        self.pause(self.rng.random() * 0.1)

    def insert_again(self, key):
        (last,), = self.q("SELECT MAX(seq) FROM ledger WHERE tbl = 'acct' "
                          "AND k = %s", str(key))
        self.q("INSERT INTO acct (id, seq, note) VALUES (%s, %s, %s)", key,
               (last or 0) + 1, self.text())

    def tick(self):
        """Several changes of a row within a tick of its time."""
        key = (self.shape.worker, self.rng.randrange(60))
        self.mark()
        self.q("START TRANSACTION")
        self.q("INSERT INTO tick (shard, id, note) VALUES (%s, %s, %s) "
               "ON DUPLICATE KEY UPDATE note = VALUES(note)", *key,
               self.text())
        for _ in range(self.rng.randrange(4)):
            self.q("UPDATE tick SET note = %s WHERE shard = %s AND id = %s",
                   self.text(), *key)
        if self.rng.random() < 0.3:
            self.hold(0, 1.5)
        self.finish()
        self.pause(self.rng.random() * 0.05)

    def lock(self):
        """Statements that wait for the table have their time already."""
        self.pause(3)
        self.q("LOCK TABLES acct WRITE, ledger WRITE")
        self.hold(0.7, 0.7)
        self.q("UNLOCK TABLES")

    def poller(self):
        """Keeps the list of transactions from being renewed, half of the
        time."""
        for _ in range(40):
            self.q("SELECT COUNT(*) FROM information_schema.innodb_trx")
            self.pause(0.03)
        self.pause(0.25)


def begin(link):
    """Rows that are there before anybody reads."""
    ask(link, "SET @kind = 'begin', @tx = 'begin'")
    ask(link, "INSERT INTO acct (id, note) VALUES " + ", ".join(
        "(%d, 'begin %d')" % (k, k)
        for k in [*range(HOT), *range(100, 200), *range(300, 390)]))
    ask(link, "INSERT INTO tick (shard, id, note) VALUES " + ", ".join(
        "(0, %d, 'begin %d')" % (1000 + k, k) for k in range(50)))


def main(seed, longest, worker, kinds):
    shape = Shape(seed, longest, worker)
    signal.signal(signal.SIGTERM, lambda *_: shape.stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    writers = [Writer(shape, kind, nth) for kind in kinds
               for nth in range(KINDS[kind])
               if worker == 0 or kind not in ("lock", "poller")]
    for w in writers:
        w.start()
    while not shape.stop.wait(0.5):
        pass
    end = time.monotonic() + 20
    for w in writers:
        w.join(max(0, end - time.monotonic()))
    left = [w.kind for w in writers if w.is_alive()]
    print(json.dumps({"count": shape.count, "left": left}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]),
         sys.argv[4].split(","))
