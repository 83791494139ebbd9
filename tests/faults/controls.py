"""Readers that are wrong on purpose, and must be seen to lose rows.

A run in which they lose nothing was too easy, and shows nothing about the
reader that is tested.
"""
import contextlib
import threading
import time

import pymysql

from ledger import ask, connect


class Cursor(threading.Thread):
    """Rows with a time behind the last one's, up to `lag` seconds ago."""

    def __init__(self, lag):
        super().__init__(daemon=True)
        self.lag = lag
        self.name = "naive" if lag == 0 else "lagged by %g s" % lag
        self.seen = {}
        self.at = ("2000-01-01 00:00:00", -1)
        self.stop = threading.Event()
        self.link = None

    def look(self):
        if self.link is None:
            self.link = connect(read_timeout=30)
        while True:
            rows = ask(self.link, "SELECT id, seq, CAST(updated_at AS CHAR) "
                       "FROM acct WHERE updated_at >= %s AND (updated_at > "
                       "%s OR id > %s) AND updated_at <= NOW(6) - INTERVAL "
                       "%s MICROSECOND ORDER BY updated_at, id LIMIT 2000",
                       self.at[0], self.at[0], self.at[1],
                       int(self.lag * 1000000))
            for key, seq, changed in rows:
                self.seen[(key,)] = seq
                self.at = (changed, key)
            if len(rows) < 2000:
                return

    def run(self):
        while not self.stop.wait(0.05):
            with contextlib.suppress(pymysql.MySQLError, OSError):
                self.look()
                continue
            self.link = None

    def finish(self):
        """Look a last time, at rest."""
        self.stop.set()
        self.join()
        time.sleep(self.lag)
        self.link = None
        self.look()

    def lost(self, ledger):
        """Rows that it has not, or not as they are: entries."""
        return [e for (table, key), e in ledger.alive().items()
                if table == "acct" and self.seen.get(key, 0) < e.seq]


class Observer(threading.Thread):
    """Looks at documents that change all the time: none may ever go back
    to an older state, not even for a moment."""

    def __init__(self, target, keys):
        super().__init__(daemon=True)
        self.target, self.keys = target, keys
        self.high = {}
        self.looks = 0
        self.back = []                  # (table, key, had, has)
        self.stop = threading.Event()

    def look(self):
        for table, ids in self.keys.items():
            has = dict(self.target.seqs(table, ids))
            gone = {key: 0 for t, key in self.high if t == table}
            for doc_id, seq in {**gone, **has}.items():
                had = self.high.get((table, doc_id), 0)
                if seq < had:
                    self.back.append((table, doc_id, had, seq))
                self.high[table, doc_id] = max(seq, had)
        self.looks += 1

    def run(self):
        while not self.stop.wait(0.03):
            try:
                self.look()
            except self.target.errors:
                self.stop.wait(0.2)

    def finish(self):
        self.stop.set()
        self.join()
