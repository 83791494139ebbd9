"""What settings change: no goals, but what docs/performance.md says of them."""
from .bar import Figure
from .filters import per_million
from .stats import turns
from .world import extract, load

ROUNDS = 6


def figures(w, stream):
    return [], extract_figures(w) + load_figures(w, stream)


def both(got, rows):
    """CPU and rate of each."""
    for what, runs in got.items():
        yield per_million(what, runs, rows)
        yield Figure(what + ", rate", [rows / r.wall / 1e6 for r in runs],
                     "M rows/s")


def extract_figures(w):
    def by_page(size):
        return lambda: w.meter(extract("--page-size", size, "orders"))

    def by(**setting):
        return lambda: w.meter(extract("orders"), env=setting)

    calls = {f"extract --page-size {n}": by_page(n)
             for n in (1000, 10000, 50000, 100000)}
    calls["extract by MYSQL_SOCKET"] = by(
        MYSQL_SOCKET=w.env["MILLRACE_MYSQL_SOCKET"])
    calls["extract, MYSQL_COMPRESSION zlib"] = by(MYSQL_COMPRESSION="zlib")
    return list(both(turns(calls, ROUNDS), w.rows))


def load_figures(w, stream):
    def by(name, value):
        setting = dict(env, **{name: str(value)})
        return lambda: w.meter(load(), stdin=stream, env=setting)

    variants = [("SYNC_BATCH_SIZE", n) for n in (100, 1000, 10000)]
    variants += [("MONGODB_COMPRESSORS", c) for c in ("zstd", "zlib")]
    with w.sink("--compressors") as env:
        got = turns({f"load, {name} {value}": by(name, value)
                     for name, value in variants}, ROUNDS)
    return list(both(got, w.rows))
