"""Numbers from samples: medians, intervals, verdicts.  Pure."""
import os
import random

PAIRS = int(os.environ.get("BENCH_PAIRS", 12))  # the first is thrown away
WIDEST = 0.10           # an interval that is wider says nothing
RESAMPLES = 2000

HOLDS, FAILS, OPEN, NOT_RUN = "holds", "does not hold", "no verdict", "not run"


def median(values):
    v = sorted(values)
    n = len(v)
    if n == 0:
        raise ValueError("no samples")
    return v[n // 2] if n % 2 else (v[n // 2 - 1] + v[n // 2]) / 2


def interval(values, resamples=RESAMPLES, seed=1):
    """The 90 % bootstrap interval of the median: (low, high)."""
    rnd = random.Random(seed)
    medians = sorted(median(rnd.choices(values, k=len(values)))
                     for _ in range(resamples))
    return (medians[int(0.05 * resamples)],
            medians[int(0.95 * resamples) - 1])


def order(n):
    """Which of two goes first, for n pairs: A B, B A, A B, ..."""
    return [i % 2 == 0 for i in range(n)]


def pairs(a, b, n=PAIRS):
    """Call a() and b() n times each, ABBA.  Return both lists of results
    without the first pair."""
    got_a, got_b = [], []
    for a_first in order(n):
        for first in (a_first, not a_first):
            (got_a if first else got_b).append(a() if first else b())
    return got_a[1:], got_b[1:]


def turns(calls, n):
    """Call all of a dictionary n times in turns; return the lists of their
    results by name, without the first."""
    got = {name: [] for name in calls}
    for _ in range(n):
        for name, call in calls.items():
            got[name].append(call())
    return {name: v[1:] for name, v in got.items()}


def series(a, n=PAIRS):
    """Call a() n times; return the results without the first."""
    return [a() for _ in range(n)][1:]


def verdict(value, low, high, limit, at_most=True, scale=None):
    """What an interval says of a limit.  It says nothing when it is wider
    than a tenth of `scale` (the value itself, unless given), or when the
    limit lies inside."""
    if high - low > WIDEST * (value if scale is None else scale):
        return OPEN
    if low <= limit <= high and low != high:
        return OPEN
    good = high <= limit if at_most else low >= limit
    return HOLDS if good else FAILS
