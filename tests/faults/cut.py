"""Connections that are cut at a byte, on either side of the pipeline.

The pipeline has to get over it by itself and end well, with everything in
MongoDB: each row has the stamp of this run.
"""
import contextlib
import json
import os
import random
import selectors
import socket
import subprocess
import threading

import invariants
import lane
import ledger
from invariants import Violation
from service import ROOT, settings

relay = invariants.module(os.path.join(ROOT, "tests", "support", "relay"))
HEAD = 4096             # of each connection, where --each says which bytes
IN_A_RUN = 4            # cuts on either side, at most: one connection, and
                        # the ones that are made in its place
WAYS = ("answer", "question")
# A pipeline with one connection to MongoDB, with several, and comparing.
WRITE = "extract --full --page-size 15 acct | transform | tee sent | load"
KINDS = {
    "one": (WRITE, {}),
    "several": (WRITE, {"SYNC_CONNECTIONS": "3"}),
    "verify": (WRITE + " --verify", {}),
}
ROWS = 130              # keys below are kept: 42 rows, three pages


class Relay:
    """Cuts connections as told, and counts what passes."""

    def __init__(self, server):
        host, port = server.rsplit(":", 1)
        self.server = (host, int(port))
        self.lock = threading.Lock()
        self.plan((), False)
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = listener.getsockname()[1]
        threading.Thread(target=relay.listen, args=(self, listener),
                         daemon=True).start()

    def plan(self, cuts, reset):
        """(way, byte) of the next connection, the one after it, ..."""
        with self.lock:
            self.cuts, self.reset = cuts, reset
            self.done = set()           # those that were made
            self.passed = []            # of each connection: {way: bytes}

    def serve(self, client):
        with self.lock:
            nth, cuts, reset = len(self.passed), self.cuts, self.reset
            passed = dict.fromkeys(WAYS, 0)
            self.passed.append(passed)
            way, at = cuts[nth] if nth < len(cuts) else (None, 0)
            done = self.done
        with contextlib.suppress(OSError), client, \
                socket.create_connection(self.server) as server:
            for s in client, server:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.forward({client: server, server: client}, client, passed,
                            way, at):
                done.add(nth)
                if reset:
                    relay.reset(client)
                    relay.reset(server)

    @staticmethod
    def forward(other, client, passed, way, at):
        """Until one side ends. Return whether that was us."""
        with selectors.DefaultSelector() as sel:
            for s in other:
                sel.register(s, selectors.EVENT_READ)
            while True:
                for key, _ in sel.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return False
                    this = "question" if key.fileobj is client else "answer"
                    if this == way:
                        data = data[:at - passed[way]]
                    passed[this] += len(data)
                    other[key.fileobj].sendall(data)
                    if this == way and passed[way] >= at:
                        return True


class Cuts(lane.Lane):
    def __init__(self, *args):
        super().__init__(*args)
        ledger.ask(self.link, "DELETE FROM acct WHERE id >= %s", ROWS)
        env = os.environ
        host = env["MONGODB_URI"].split("://", 1)[1].split("/")[0]
        self.relays = {
            "mysql": Relay("%s:%s" % (env["MYSQL_HOST"], env["MYSQL_PORT"])),
            "mongodb": Relay(host)}
        if self.run("one") != 0:        # so that there is what to compare
            raise RuntimeError("a pipeline without a fault ended badly")

    def run(self, kind):
        """All rows again. Return the exit code."""
        command, more = KINDS[kind]
        env = settings(
            self.folder, MYSQL_PORT=str(self.relays["mysql"].port),
            MONGODB_URI="mongodb://127.0.0.1:%d/"
            % self.relays["mongodb"].port, SYNC_MAX_RETRIES="9",
            SYNC_BATCH_SIZE="12", **more)
        with open(self.folder + "/out", "wb") as out, \
                open(self.folder + "/log", "ab") as log:
            return subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                env=env, cwd=self.folder, stdout=out, stderr=log,
                stdin=subprocess.DEVNULL, timeout=120).returncode

    def reach(self, kinds):
        """{(kind, side, way): bytes} of the longest connection of a run
        without a fault."""
        out = {}
        for kind in kinds:
            for it in self.relays.values():
                it.plan((), False)
            self.run(kind)
            for side, it in self.relays.items():
                for way in WAYS:
                    out[kind, side, way] = max(p[way] for p in it.passed)
        return out

    def trial(self, plan):
        """Cuts in one run; those that weren't reached, each in one more."""
        kind, cuts, reset = plan
        yield from self.attempt(kind, cuts, reset)
        missed = [(side, cut) for side, of_side in cuts.items()
                  for nth, cut in enumerate(of_side)
                  if nth not in self.relays[side].done]
        for side, cut in missed:
            yield from self.attempt(kind, {side: [cut]}, reset)
            self.count["not reached"] += not self.relays[side].done

    def attempt(self, kind, cuts, reset):
        for side, it in self.relays.items():
            it.plan(cuts.get(side, ()), reset)
        code = self.run(kind)
        for side, it in self.relays.items():
            for nth in it.done:
                self.count["%s %s %s" % (kind, side, cuts[side][nth][0])] += 1
        what = "%s, %s, %s" % (kind, ", ".join(
            "%s %s cut at byte %d" % (side, way, at) for side in cuts
            for way, at in cuts[side]), "reset" if reset else "closed")
        if code != 0:
            yield Violation("I8", "acct", None, "%s: the pipeline ended "
                            "with %d" % (what, code))
        elif kind != "verify":
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
        for key, in ledger.ask(self.link, "SELECT id FROM acct"):
            if not have.get((key,), "").startswith("%016x" % epoch):
                yield Violation("I1", "acct", (key,), "this run has not "
                                "written it: %r" % have.get((key,)))

    def end(self):
        return invariants.at_rest("acct", ledger.Ledger.read(),
                                  self.target.docs("acct"), False)


def reach(folder, seed, kinds):
    it = Cuts(folder + "/learn", seed, 99)
    try:
        return it.reach(kinds)
    finally:
        it.close()


def plan(n, rng, each, places):
    """(kind, {side: [(way, byte), ...]}, reset) of runs: n cuts at random,
    and with `each` every `each`-th of the first HEAD bytes. What is on the
    side of MySQL is the same for all kinds."""
    places = {k: size for k, size in places.items()
              if k[1] == "mongodb" or k[0] == "one"}
    cuts = []
    if each:
        cuts = [(*place, at) for place, size in sorted(places.items())
                for at in range(1, min(HEAD, size) + 1, each)]
    for _ in range(n):
        place = rng.choice(sorted(places))
        cuts.append((*place, rng.randint(1, places[place])))
    rng.shuffle(cuts)
    plans = []
    for kind in sorted({c[0] for c in cuts}):
        of_side = {side: [c[2:] for c in cuts if c[:2] == (kind, side)]
                   for side in ("mysql", "mongodb")}
        while any(of_side.values()):
            # The early ones first: they leave most to do for the next.
            take = {side: sorted(left[:IN_A_RUN], key=lambda c: c[1])
                    for side, left in of_side.items()}
            of_side = {side: left[IN_A_RUN:]
                       for side, left in of_side.items()}
            plans.append((kind, take, rng.random() < 0.5))
    rng.shuffle(plans)
    return plans


def row(args, folder, say):
    """args.n cuts, and with --each every so manieth byte of beginnings."""
    kinds = args.kinds.split(",") if args.kinds else list(KINDS)
    with lane.same_place():
        places = reach(folder, args.seed, kinds)
    plans = plan(args.n, random.Random("cuts %s" % args.seed), args.each,
                 places)
    say("cut: %d runs, with connections of %s" % (len(plans), ", ".join(
        "%s %s %s %d bytes" % (*k, n) for k, n in sorted(places.items()))))
    trials, count, out = lane.run(Cuts, folder, args.seed, plans, say)
    say("cut: %d runs, %d connections cut (%s), %d violations" % (
        trials, sum(count.values()) - count["not reached"],
        lane.listed(count), len(out)))
    return out
