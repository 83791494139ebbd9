"""The machine, and whether it is quiet enough to measure on."""
import os


def cpu_ticks():
    with open("/proc/stat") as f:
        return [int(n) for n in f.readline().split()[1:]]


class Watch:
    """Load at the start; CPU time stolen by other machines since."""

    def __init__(self):
        self.load = os.getloadavg()[0]
        self.ticks = cpu_ticks()

    def stolen(self):
        d = [b - a for a, b in zip(self.ticks, cpu_ticks())]
        return d[7] / max(1, sum(d[:8]))

    def warnings(self):
        if self.load > 0.3:
            yield f"the load average was {self.load:.2f} at the start, " \
                "not below 0.3"
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
