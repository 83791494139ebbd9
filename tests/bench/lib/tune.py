"""What settings change: no goals, but what docs/performance.md says of them."""
from .bar import Figure
from .filters import per_million
from .stats import series
from .world import extract, load

RUNS = 4


def figures(w, stream):
    return [], extract_figures(w) + load_figures(w, stream)


def both(what, runs, rows):
    return [per_million(what, runs, rows),
            Figure(what, [rows / r.wall / 1e6 for r in runs], "M rows/s")]


def extract_figures(w):
    out = []
    for size in (1000, 10000, 100000):
        runs = series(lambda: w.meter(extract("--page-size", size,
                                              "orders")), RUNS)
        out += both(f"extract --page-size {size}", runs, w.rows)
    socket = {"MYSQL_SOCKET": w.env["MILLRACE_MYSQL_SOCKET"]}
    runs = series(lambda: w.meter(extract("orders"), env=socket), RUNS)
    return out + both("extract by MYSQL_SOCKET", runs, w.rows)


def load_figures(w, stream):
    out = []
    with w.sink() as env:
        for size in (100, 1000, 10000):
            with_size = dict(env, SYNC_BATCH_SIZE=str(size))
            runs = series(lambda: w.meter(load(), stdin=stream,
                                          env=with_size), RUNS)
            out += both(f"load, SYNC_BATCH_SIZE {size}", runs, w.rows)
    return out
