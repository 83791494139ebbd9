"""The machine, and whether it is quiet enough to measure on."""
import os
import time

BUSY = 0.15         # of all cores
PATIENCE = 3        # seconds


def cpu_ticks():
    with open("/proc/stat") as f:
        return [int(n) for n in f.readline().split()[1:]]


def idle(since):
    """The part of all cores that nobody has used, as cpu_ticks() was then."""
    d = [b - a for a, b in zip(since, cpu_ticks())]
    return (d[3] + d[4]) / max(1, sum(d[:8]))


class Watch:
    """Load at the start; CPU time stolen by other machines since."""

    def __init__(self):
        self.load = os.getloadavg()[0]
        self.ticks = cpu_ticks()
        self.most = 0.0     # that others have taken

    def stolen(self):
        d = [b - a for a, b in zip(self.ticks, cpu_ticks())]
        return d[7] / max(1, sum(d[:8]))

    def busy(self):
        """The share of the processors that others take, in a second; a
        quiet one is waited for, but not for long."""
        for _ in range(PATIENCE):
            a = cpu_ticks()
            time.sleep(1)
            d = [y - x for x, y in zip(a, cpu_ticks())][:8]
            share = 1 - (d[3] + d[4]) / max(1, sum(d))
            if share < BUSY:
                break
        self.most = max(self.most, share)
        return share

    def warnings(self):
        if self.load > 0.3:
            yield f"the load average was {self.load:.2f} at the start, " \
                "not below 0.3"
        if self.most > BUSY:
            yield f"others took {self.most:.0%} of the processors"
        if self.stolen() > 0.01:
            yield f"{self.stolen():.1%} of the CPU time was stolen by " \
                "other machines"


def describe():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f
                      if line.startswith("model name")), "unknown")
    with open("/proc/meminfo") as f:
        kib = int(f.readline().split()[1])
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)),
            "memory": f"{kib / (1 << 20):.0f} GiB"}
