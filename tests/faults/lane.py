"""Trials that take turns in lanes, several at a time, each lane with
databases and a folder of its own."""
import collections
import contextlib
import multiprocessing
import os
import random
import time

import ledger
import workload
from invariants import Target, Violation, show

LANES = 4


class Lane:
    """A subclass has trial(plan), which yields violations."""

    stops = True                # at the first violation

    def __init__(self, folder, seed, number):
        for name in ("MYSQL_DATABASE", "MONGODB_DATABASE"):
            os.environ[name] += "_%d" % number
        self.database = os.environ["MYSQL_DATABASE"]
        self.folder = "%s/lane%d" % (folder, number)
        os.makedirs(self.folder + "/schemas")
        self.rng = random.Random("lane %s %s" % (seed, number))
        self.count = collections.Counter()
        admin = ledger.connect(database=None)
        ledger.ask(admin, "DROP DATABASE IF EXISTS `%s`" % self.database)
        ledger.ask(admin, "CREATE DATABASE `%s` DEFAULT CHARACTER SET "
                   "utf8mb4" % self.database)
        self.link = ledger.connect()
        self.target = Target()
        self.target.client.drop_database(self.target.db.name)
        ledger.create(self.link)
        workload.begin(self.link)

    def end(self):
        """What there is to check when the trials are over."""
        return []

    def close(self):
        ledger.ask(self.link, "DROP DATABASE `%s`" % self.database)
        self.target.client.drop_database(self.target.db.name)


def _lane(make, folder, seed, number, plans, queue):
    found, lane = [], None
    try:
        lane = make(folder, seed, number)
        for plan in plans:
            found = list(lane.trial(plan))
            queue.put((1, found, None))
            if found and lane.stops:
                break
        else:
            found = list(lane.end())
            queue.put((0, found, None))
        if not found:
            lane.close()
    except Exception as e:                      # pylint: disable=W0718
        queue.put((0, [Violation("-", None, None, "lane %d failed: %r"
                                 % (number, e))], None))
        raise
    finally:
        queue.put((None, [], lane.count if lane else {}))


@contextlib.contextmanager
def same_place():
    """For a lane in this very process: the databases are as before, then."""
    names = ("MYSQL_DATABASE", "MONGODB_DATABASE")
    before = {name: os.environ[name] for name in names}
    try:
        yield
    finally:
        os.environ.update(before)


def run(make, folder, seed, plans, say=None, lanes=LANES):
    """All the plans, number i in lane i % lanes. Return how many were tried,
    what the lanes counted, and the violations. Now and then, say how far it
    is."""
    queue = multiprocessing.Queue()
    started = [multiprocessing.Process(target=_lane, args=(
        make, folder, seed, i, plans[i::lanes], queue))
        for i in range(lanes)]
    for p in started:
        p.start()
    left, trials, count, out = lanes, 0, collections.Counter(), []
    said = time.monotonic()
    while left:
        done, found, counted = queue.get()
        out += found
        for v in found if say else ():
            say(show(v))
        if done is None:
            left -= 1
            count.update(counted)
        else:
            trials += done
        if say and time.monotonic() - said > 60:
            said = time.monotonic()
            say("%d of %d, %d violations" % (trials, len(plans), len(out)))
    for p in started:
        p.join()
    return trials, count, out


def listed(count):
    return ", ".join("%s %d" % c for c in sorted(count.items())) or "none"
