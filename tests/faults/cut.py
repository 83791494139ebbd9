"""Connections that are cut at a byte, on either side of the pipeline.

The pipeline has to get over it by itself and end well, with everything in
MongoDB: each row has the stamp of this run.
"""
import argparse
import contextlib
import json
import os
import random
import socket
import subprocess
import threading

import invariants
import lane
import ledger
from invariants import Violation
from service import ROOT, settings

relay = invariants.module(os.path.join(ROOT, "tests", "support", "relay"))
HEAD = 4096
REACH = 30000           # the length of these, about
LONG = (("mysql", "answer"), ("mongodb", "question"))


class Cut(relay.Relay):
    """Cuts the next connection as told, and lets all others pass."""

    def __init__(self, server):
        self.args = argparse_of(server)
        super().__init__(self.args)
        self.next = None
        self.made = 0                   # connections
        self.cut = 0                    # those that were
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = listener.getsockname()[1]
        threading.Thread(target=relay.listen, args=(self, listener),
                         daemon=True).start()

    def plan(self, way, at, reset):
        self.args.reset = reset
        self.next = (at, None) if way == "answer" else (None, at)
        self.made = self.cut = 0

    def limits(self):
        with self.lock:
            self.made += 1
            plan, self.next = self.next, None
            return plan or (None, None)

    def forward(self, client, server, left, sent):
        self.cut += super().forward(client, server, left, sent)


def argparse_of(server):
    """What relay's command line would make of it."""
    return argparse.Namespace(
        server=server, sent=None, cut=None, cut_sent=None, cuts=1, skip=0,
        reset=False, stall=False, hole=None, forget=False, no_tls=False)


class Cuts(lane.Lane):
    def __init__(self, *args):
        super().__init__(*args)
        env = os.environ
        host = env["MONGODB_URI"].split("://", 1)[1].split("/")[0]
        self.relays = {
            "mysql": Cut("%s:%s" % (env["MYSQL_HOST"], env["MYSQL_PORT"])),
            "mongodb": Cut(host)}

    def run(self):
        """All rows again. Return the exit code."""
        env = settings(
            self.folder, MYSQL_PORT=str(self.relays["mysql"].port),
            MONGODB_URI="mongodb://127.0.0.1:%d/"
            % self.relays["mongodb"].port, SYNC_MAX_RETRIES="3",
            SYNC_BATCH_SIZE="40")
        with open(self.folder + "/out", "wb") as out, \
                open(self.folder + "/log", "ab") as log:
            return subprocess.run(
                ["bash", "-o", "pipefail", "-c", "extract --full "
                 "--page-size 60 acct | transform | tee sent | load"],
                env=env, cwd=self.folder, stdout=out, stderr=log,
                stdin=subprocess.DEVNULL, timeout=120).returncode

    def trial(self, plan):
        side, way, at, reset = plan
        it = self.relays[side]
        it.plan(way, at, reset)
        code = self.run()
        self.count["%s %s" % (side, way) if it.cut else "not reached"] += 1
        what = "%s, %s cut at byte %d, %s" % (
            side, way, at, "reset" if reset else "closed")
        if code != 0:
            yield Violation("I8", "acct", None, "%s: the pipeline ended "
                            "with %d" % (what, code))
            return
        for v in self.complete():
            yield v._replace(what=what + ": " + v.what)

    def complete(self):
        """Each row has the stamp of this run, and the last position that is
        acknowledged is the last that was sent."""
        with open(self.folder + "/sent", "rb") as f:
            lines = f.read().splitlines()
        states = [json.loads(x)["value"] for x in lines
                  if x.startswith(b'{"type":"STATE"')]
        epoch = states[0]["bookmarks"]["acct"]["epoch"]
        with open(self.folder + "/out", encoding="utf-8") as f:
            acks = [json.loads(x) for x in f]
        if not acks or acks[-1] != states[-1]:
            yield Violation("I5", "acct", None, "what is acknowledged last "
                            "isn't the last position")
        if [a for a in acks if a not in states]:
            yield Violation("I5", "acct", None, "a position that was never "
                            "sent is acknowledged")
        have = {invariants.id_key(d["_id"]): d.get("_sync", {}).get("v", "")
                for d in self.target.db["acct"].find({}, {"_sync": 1})}
        with contextlib.closing(ledger.connect()) as link:
            for key, in ledger.ask(link, "SELECT id FROM acct"):
                if not have.get((key,), "").startswith("%016x" % epoch):
                    yield Violation("I1", "acct", (key,), "this run has not "
                                    "written it: %r" % have.get((key,)))

    def end(self):
        return invariants.at_rest("acct", ledger.Ledger.read(),
                                  self.target.docs("acct"), False)


def plan(n, rng, each):
    """(side, way, byte, reset): half of n at a byte of the first HEAD, the
    others behind it; or every `each`-th byte of the first, and n behind."""
    sides = [(side, way) for side in ("mysql", "mongodb")
             for way in ("answer", "question")]
    if each:
        plans = [(*side, at) for at in range(1, HEAD + 1, each)
                 for side in sides]
    else:
        plans = [(*sides[i % 4], rng.randint(1, HEAD))
                 for i in range(n // 2)]
        n -= n // 2
    plans += [(*LONG[i % 2], rng.randint(HEAD, REACH)) for i in range(n)]
    return [(*p, rng.random() < 0.5) for p in plans]


def row(args, folder, say):
    """args.n cuts, or each byte of the beginnings and args.n others."""
    plans = plan(args.n, random.Random("cuts %s" % args.seed), args.each)
    trials, count, out = lane.run(Cuts, folder, args.seed, plans)
    say("cut: %d connections (%s), %d violations" % (
        trials, lane.listed(count), len(out)))
    return out
