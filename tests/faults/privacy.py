"""I10: secrets, and values of rows, planted wherever there is room for one;
then all is done that makes the programs talk, mistakes most of all. None may
be in a log, an argument, an environment of somebody who has no need of it, or
the name of a file.
"""
import contextlib
import json
import os
import socket
import subprocess
import threading
import time

import invariants
import ledger
from invariants import Target, Violation
from service import ROOT, STAGES, children, settings, wait_until

SETTINGS = 8            # so many are in settings; those behind are in rows,
LINES = 10              # and the last so many in lines that aren't right
PIPE = "extract --full --page-size 7 %s | transform --rejects t.%s | " \
    "load --rejects l.%s --names reject --decimal reject --conflicts c.%s " \
    "--conflict-log all"
# Where a text breaks a line, and what stands before and behind it there.
BROKEN = ('{"type":"RECORD","stream":"s","record":{"id":"%s"',
          '{"type":"RECORD","stream":"s","record":{"id":1,"id":"%s"}}',
          '{"type":"%s"}', '"%s"', '%s',
          '{"type":"STATE","value":{"%s":1},"records":5}',
          '{"type":"STATE","value":"%s","records":-1}',
          '{"type":"SCHEMA","stream":"s","schema":{"properties":{"id":{'
          '"type":"%s"}}},"key_properties":["id"]}',
          '{"type":"RECORD","stream":"s","op":"%s","record":{"id":1}}',
          '{"type":"RECORD","stream":"s","at":"%s","record":{"id":1}}')
SCHEMA = {"x-source": {"table": "people"}, "properties": {
    "id": {}, "name": {"type": "string", "maxLength": 40},
    "mail": {"pattern": "^[^ ]+$"}, "born": {"format": "date"},
    "kind": {"enum": ["a", "b"]}, "more": {}, "pay": {}, "updated_at": {}}}


class Privacy:
    def __init__(self, folder, seed, n):
        self.folder, self.seed = folder, seed
        # Each has what breaks a URI, a shell, a pattern or a text of JSON.
        self.all = ["sx%d-%d" % (seed % 10**6, i) + ("@:/%%?#", "'\"\\ ",
                    "$(id)`", "é\t", "", "")[i % 6] + "-%d" % i
                    for i in range(n)]
        self.marks = ["sx%d-%d" % (seed % 10**6, i) for i in range(n)]
        self.seen = []
        self.runs = 0
        self.user = "p%d" % (seed % 10**6)
        self.root = ledger.connect()
        self.target = Target()
        os.mkdir(folder + "/schemas")
        with open(folder + "/schemas/people.json", "w",
                  encoding="utf-8") as f:
            json.dump(SCHEMA, f)

    def rows(self):
        """A row for each secret that is for one, in turns in each column;
        also as keys, and in rows that somebody refuses."""
        ledger.ask(self.root, "CREATE TABLE people (id VARCHAR(60) NOT NULL "
                   "PRIMARY KEY, name VARCHAR(120), mail VARCHAR(60), born "
                   "VARCHAR(60), kind VARCHAR(60), more JSON, pay "
                   "DECIMAL(40,4), updated_at TIMESTAMP(6) NOT NULL DEFAULT "
                   "CURRENT_TIMESTAMP(6))")
        for i, text in enumerate(self.all[SETTINGS:-LINES]):
            row = {"id": "k%d" % i, "name": "n", "mail": "m", "born":
                   "2026-01-02", "kind": "a", "more": "{}", "pay": "1"}
            at = ("id", "name", "mail", "born", "kind", "more",
                  "pay")[i % 7]
            row[at] = {"name": text + "x" * 60, "more": json.dumps(
                {"$" + text: text}), "pay": "9" * 36}.get(at, text)
            if at == "pay":
                row["mail"] = text.replace(" ", "")
            ledger.ask(self.root, "INSERT INTO people (id, name, mail, born, "
                       "kind, more, pay) VALUES (%s)" % ", ".join(
                           ["%s"] * 7), *row.values())

    def env(self, **more):
        return settings(self.folder, SYNC_MAX_RETRIES="0", LOG_LEVEL="debug",
                        SYNC_TABLES="people", **more)

    def sh(self, command, env=None, text=b""):
        """Run a pipeline; what it says is kept, and what it prints isn't."""
        self.runs += 1
        with open("%s/log.%d" % (self.folder, self.runs), "wb") as log:
            run = subprocess.Popen(
                ["bash", "-c", command], env=env or self.env(),
                cwd=self.folder, stderr=log, stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL)
            watch = threading.Thread(target=self.watch, args=(run,))
            watch.start()
            with contextlib.suppress(BrokenPipeError):
                run.communicate(text, timeout=120)
            watch.join()

    def watch(self, run):
        """Arguments and environments of what is there."""
        while run.poll() is None:
            self.look(run.pid)
            time.sleep(0.02)

    def look(self, pid, shell=True):
        """A shell gives all its settings to all of a pipeline: then only
        arguments count."""
        found = [(p, "extract" if shell else name)
                 for p, name in children(pid) if name in STAGES]
        self.seen += invariants.secret_kept(self.all[:SETTINGS],
                                            self.folder + "/none", found)

    # What makes them talk.

    def wrong_settings(self):
        s = self.all
        for more in ({"MYSQL_PASSWORD": s[0]}, {"MYSQL_USER": "no'body",
                     "MYSQL_PASSWORD": s[1]}, {"MYSQL_PASSWORD": s[2]},
                     {"MYSQL_HOST": "127.0.0.1:1", "MYSQL_PASSWORD": s[1]}):
            self.sh("extract --full people; extract --check people",
                    self.env(**more))
        for uri in ("mongodb://u:%s@127.0.0.1:1/", "mongodb://u:%s@[::1/",
                    "mongodb+srv://u:%s@no.invalid/", "%s"):
            self.sh("load; load --check people",
                    self.env(MONGODB_URI=uri % s[3],
                             MONGODB_DATABASE="d"), b"{}\n")
        with open(self.folder + "/env", "w", encoding="utf-8") as f:
            os.chmod(f.name, 0o600)
            f.write("HTTP_TOKEN='%s'\nMYSQL_PASSWORD=\"%s\n=%s\n%s\n" % (
                s[4], s[0], s[1], s[2]))
        for program in ("extract people", "load", "supervisor"):
            self.sh(program + " --env-file env")

    def right_rows(self):
        for extra in ("", " --dry-run", " --verify", " --verify --values"):
            self.sh(PIPE % (("people",) * 4) + extra)
            for doc in self.target.db["people"].find({}).limit(20):
                self.target.db["people"].update_one(
                    {"_id": doc["_id"]}, {"$set": {"name": self.all[-1]},
                                          "$unset": {"_sync": 1}})
        self.sh("extract --full people | transform")    # the first one ends it
        self.sh("extract --full people | transform --no-schemas | load "
                "--names reject")

    def broken_lines(self):
        schema = b'{"type":"SCHEMA","stream":"s","schema":{"properties":{' \
            b'"id":{"type":"integer"}}},"key_properties":["id"]}\n'
        for text, line in zip(self.all[-LINES:], BROKEN):
            for program in ("transform", "load"):
                self.sh(program, text=schema + (line % text).encode() + b"\n")

    def service(self):
        """With tokens, an address for alerts, and a password of a file."""
        s = self.all
        ledger.ask(self.root, "CREATE USER %s@'%%' IDENTIFIED BY %s",
                   self.user, s[5])
        ledger.ask(self.root, "GRANT SELECT, PROCESS ON *.* TO %s@'%%'",
                   self.user)
        with open(self.folder + "/password", "w", encoding="utf-8") as f:
            os.chmod(f.name, 0o600)
            f.write(s[5] + "\n")
        env = self.env(MYSQL_USER=self.user, HTTP_TOKEN="x" * 30 + s[6][:8],
                       MYSQL_PASSWORD_FILE=self.folder + "/password",
                       ALERT_WEBHOOK_URL="http://127.0.0.1:1/" + self.marks[7],
                       HTTP_ADDRESS="unix:" + self.folder + "/api")
        env.pop("MYSQL_PASSWORD", None)
        with open(self.folder + "/log.service", "wb") as log:
            run = subprocess.Popen([ROOT + "/bin/supervisor"], env=env,
                                   cwd=self.folder, stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(self.folder + "/api"), 20)
        for request in ("GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: %s\r\n\r\n",
                        "GET /sync/status HTTP/1.1\r\nHost: localhost\r\n"
                        "Authorization: Bearer %s\r\n\r\n"):
            with contextlib.suppress(OSError), \
                    socket.socket(socket.AF_UNIX) as c:
                c.settimeout(5)
                c.connect(self.folder + "/api")
                c.sendall((request % self.marks[6]).encode())
                c.recv(4096)
        wait_until(lambda: not self.look(run.pid, False) and b'"run"' in open(
            self.folder + "/log.service", "rb").read(), 20)
        run.terminate()
        run.wait(30)

    def found(self):
        """All that was said: but for files that hold rows by their nature."""
        for where, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(where, name)
                yield from self.in_text(path.encode(), "the name " + path)
                if name.startswith(("log", "audit", "status", "core")):
                    with open(path, "rb") as f:
                        yield from self.in_text(f.read(), path)

    def in_text(self, text, what):
        for i, mark in enumerate(self.marks):
            for tail in (b"@", b"'", b"$", "é".encode(), b"-", b"%", b'"',
                         b" ", b"/", b"\\"):
                at = text.find(mark.encode() + tail)
                if at != -1:
                    yield Violation("I10", None, None, "secret %d in %s: %s"
                                    % (i, what, text[max(0, at - 80):at + 40]))
                    break


def row(args, folder, say):
    """args.n secrets. Return the violations."""
    it = Privacy(folder, args.seed, max(args.n, SETTINGS + LINES + 7))
    it.rows()
    it.wrong_settings()
    it.right_rows()
    it.broken_lines()
    it.service()
    ledger.ask(it.root, "DROP USER %s@'%%'", it.user)
    out = it.seen + list(it.found())
    say("secrets: %d planted, %d runs, %d bytes of logs, %d violations" % (
        len(it.all), it.runs, sum(
            os.path.getsize(folder + "/" + f) for f in os.listdir(folder)
            if f.startswith("log")), len(out)))
    return out
