"""The ledger: tables whose every change is written down as it is made.

Triggers put a row into the table `ledger` for each row that is inserted,
updated or deleted, in the same transaction: what commits is in the ledger,
what is rolled back is not, whoever made the change and however. `seq` of a
key goes up by one with every change of it, also across delete and insert.
"""
import collections
import contextlib
import hashlib
import os

import pymysql

# Of so many entries the first may be committed after the last.
LATE = 50000

Entry = collections.namedtuple(
    "Entry", "n table key seq op kind tx changed digest")

# A key of the table as text, what the digest is made of, and the columns.
# In `tick` all the changes of a second have one time.
TABLES = {
    "acct": ("id", "id, seq, note, amount", """
        id BIGINT NOT NULL PRIMARY KEY,
        seq INT NOT NULL DEFAULT 0,
        note VARCHAR(120) NOT NULL,
        amount DECIMAL(14,2) NULL,
        ratio DOUBLE NULL,
        marks SET('a','b','c') NULL,
        data JSON NULL,
        seen DATETIME(3) NULL,
        updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
            ON UPDATE CURRENT_TIMESTAMP(6),
        KEY (updated_at, id)"""),
    "tick": ("shard, id", "shard, id, seq, note", """
        shard INT NOT NULL,
        id BIGINT NOT NULL,
        seq INT NOT NULL DEFAULT 0,
        note VARCHAR(60) NOT NULL,
        updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
            ON UPDATE CURRENT_TIMESTAMP,
        PRIMARY KEY (shard, id), KEY (updated_at, shard, id)"""),
}

LEDGER = """CREATE TABLE ledger (
        n BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        tbl VARCHAR(8) NOT NULL, k VARCHAR(40) NOT NULL, seq INT NOT NULL,
        op CHAR(1) NOT NULL, kind VARCHAR(12) NULL, tx VARCHAR(40) NULL,
        changed TIMESTAMP(6) NULL, digest CHAR(64) NULL,
        KEY (tbl, k, seq))"""


def connect(**options):
    env = os.environ
    link = pymysql.connect(
        host=env["MYSQL_HOST"], port=int(env["MYSQL_PORT"]),
        user=env["MYSQL_USER"], password=env.get("MYSQL_PASSWORD", ""),
        database=options.pop("database", env.get("MYSQL_DATABASE")),
        charset="utf8mb4", autocommit=True, connect_timeout=10,
        init_command="SET time_zone = '+00:00', "
        "innodb_lock_wait_timeout = 3", **options)
    ask(link, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return link


def ask(link, sql, *args):
    with link.cursor() as cursor:
        cursor.execute(sql, args or None)
        return cursor.fetchall()


def _of(record, columns):
    return ", ".join("%s.%s" % (record, c) for c in columns.split(", "))


def triggers(table):
    key, digest, _ = TABLES[table]

    def note(record, op, seq, changed, digest):
        return ("INSERT INTO ledger (tbl, k, seq, op, kind, tx, changed, "
                "digest) VALUES ('%s', CONCAT_WS('/', %s), %s, '%s', @kind, "
                "@tx, %s, %s)" % (table, _of(record, key), seq, op, changed,
                                  digest))
    made = "SHA2(CONCAT_WS('|', %s), 256)" % _of("NEW", digest)
    return [
        "CREATE TRIGGER %s_%s %s ON %s FOR EACH ROW %s" % (
            table, name, name.replace("_", " "), table, body)
        for name, body in (
            # Who inserts a key again has to say what its seq is: to read it
            # here would wait for everybody who writes to the ledger.
            ("BEFORE_INSERT", "SET NEW.seq = GREATEST(NEW.seq, 1)"),
            ("BEFORE_UPDATE", "SET NEW.seq = OLD.seq + 1"),
            ("AFTER_INSERT", note("NEW", "i", "NEW.seq", "NEW.updated_at",
                                  made)),
            ("AFTER_UPDATE", note("NEW", "u", "NEW.seq", "NEW.updated_at",
                                  made)),
            ("AFTER_DELETE", note("OLD", "d", "OLD.seq + 1", "NULL",
                                  "NULL")))]


def create(link):
    """The tables, empty, and their triggers."""
    ask(link, "DROP TABLE IF EXISTS ledger")
    ask(link, LEDGER)
    for table, (_, _, columns) in TABLES.items():
        ask(link, "DROP TABLE IF EXISTS %s" % table)
        ask(link, "CREATE TABLE %s (%s)" % (table, columns))
        for sql in triggers(table):
            ask(link, sql)


def key_of(text):
    return tuple(int(part) for part in text.split("/"))


def digest_of(table, fields):
    """Of a row or a document: what the trigger made of it."""
    values = (fields.get(c) for c in TABLES[table][1].split(", "))
    text = "|".join(str(v) for v in values if v is not None)
    return hashlib.sha256(text.encode()).hexdigest()


def key_in(table, fields):
    return tuple(int(fields[c]) for c in TABLES[table][0].split(", "))


class Ledger:
    """All that was committed, by (table, key) in the order of seq."""

    def __init__(self, entries):
        self.entries = entries
        self.by_key = collections.defaultdict(list)
        for e in entries:
            self.by_key[e.table, e.key].append(e)
        for of_key in self.by_key.values():
            of_key.sort(key=lambda e: e.seq)

    @classmethod
    def read(cls, before=None):
        """All of it; or what came since `before`, and that."""
        old = before.entries if before else []
        since = max(0, old[-1].n - LATE) if old else 0
        with contextlib.closing(connect()) as link:
            return cls([e for e in old if e.n <= since] + [
                Entry(n, t, key_of(k), seq, op, kind, tx,
                      changed and changed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                      digest)
                for n, t, k, seq, op, kind, tx, changed, digest in ask(
                    link, "SELECT * FROM ledger WHERE n > %s ORDER BY n",
                    since)])

    def commits(self):
        """How many transactions have left a trace."""
        return len({e.tx for e in self.entries})

    def last(self, table, key):
        of_key = self.by_key.get((table, key))
        return of_key[-1] if of_key else None

    def alive(self):
        """The last entry of each key whose row is there."""
        return {key: es[-1] for key, es in self.by_key.items()
                if es[-1].op != "d"}
