"""A bar: a goal, and what was measured about it."""
import math

from . import stats


class Bar:
    def __init__(self, key, what, goal, limit, unit="", at_most=True):
        self.key = key          # short name
        self.what = what        # in words
        self.goal = goal        # in words
        self.limit = limit      # the number in it
        self.unit = unit
        self.at_most = at_most
        self.value = self.low = self.high = None
        self.verdict = stats.NOT_RUN
        self.why = ""
        self.clock = False      # see by_clock()
        self.samples = []

    def ratios(self, ours, theirs, of):
        """From pairs: the ratio of of(our) to of(their), pair by pair."""
        return self._judge([of(a) / of(b) for a, b in zip(ours, theirs)])

    def values(self, samples):
        """From single runs.  The width of the interval counts against the
        limit: 12 ms with an interval of 2 ms is well below 50 ms."""
        return self._judge(samples, scale=self.limit)

    def exact(self, samples):
        """From few runs: every one has to hold, however far apart."""
        return self._judge(samples, scale=math.inf,
                           span=(min(samples), max(samples)))

    def not_run(self, why):
        self.verdict, self.why = stats.NOT_RUN, why
        return self

    def note(self, why):
        self.why = why
        return self

    def by_clock(self):
        """What else the machine does gets into it, not only into its
        interval: it needs a quiet one."""
        self.clock = True
        return self

    def doubt(self, why):
        """The machine wasn't quiet."""
        if self.clock and self.verdict in (stats.HOLDS, stats.FAILS):
            self.verdict, self.why = stats.OPEN, why

    def _judge(self, samples, scale=None, span=None):
        self.samples = samples
        self.value = stats.median(samples)
        self.low, self.high = span or stats.interval(samples)
        self.verdict = stats.verdict(self.value, self.low, self.high,
                                     self.limit, self.at_most, scale)
        return self

    def as_dict(self):
        return {k: v for k, v in vars(self).items()}


class Figure:
    """A number that no bar is about, but that tells something."""

    def __init__(self, what, samples, unit):
        self.what, self.samples, self.unit = what, samples, unit
        self.value = stats.median(samples)

    def as_dict(self):
        return dict(vars(self))
