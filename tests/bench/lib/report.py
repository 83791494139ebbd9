"""What was found, as a table, as JSON, and in words."""
import json
import time

from . import stats

HEAD = ("what", "goal", "measured", "90 % interval", "says")


def number(v):
    if v is None:
        return "-"
    if abs(v) >= 1000:
        return f"{v:,.0f}"
    return f"{v:.3g}" if abs(v) < 100 else f"{v:.0f}"


def row(bar):
    unit = f" {bar.unit}" if bar.unit else ""
    return (bar.what, bar.goal,
            number(bar.value) + (unit if bar.value is not None else ""),
            "-" if bar.low is None else
            f"{number(bar.low)} .. {number(bar.high)}",
            bar.verdict + (f" ({bar.why})" if bar.why else ""))


def columns(rows):
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return ["  ".join(c.ljust(n) for c, n in zip(r, widths)).rstrip()
            for r in rows]


def table(bars):
    if not bars:
        return []
    return columns([HEAD] + [row(b) for b in bars])


def row_lines(bars):
    return [f"{b.what}: {', '.join(row(b)[1:])}" for b in bars]


def label(bar):
    if bar.value is None:
        return bar.verdict
    return f"{number(bar.value)} {bar.unit}".strip() + f" ({bar.goal})"


def title(result):
    m = result["machine"]
    return (f"Millrace {result['versions']['millrace'].split()[-1]}, "
            f"{result['rows']:,} rows, {m['cores']} cores of {m['cpu']}, "
            f"{m['memory']}, {time.strftime('%Y-%m-%d', time.gmtime())}")


def closing(result, bars):
    """The last words: how many hold, and what to think of it."""
    n = {v: sum(b.verdict == v for b in bars)
         for v in (stats.HOLDS, stats.FAILS, stats.OPEN, stats.NOT_RUN)}
    lines = [title(result)]
    lines += [f"{k}: {v}" for k, v in result["versions"].items()]
    lines += result["absent"]
    lines += [f"# warning: {w}" for w in result["warnings"]]
    lines += [f"# failed: {f}" for f in result["failed"]]
    return lines + [", ".join(f"{c} {v}" for v, c in n.items()) +
                    f"; {result['seconds']:.0f} s"]


def figures_table(figures):
    if not figures:
        return []
    return columns([("also measured (no goal)", "median", "", "range")] + [
        (f.what, number(f.value), f.unit,
         f"{number(min(f.samples))} .. {number(max(f.samples))}")
        for f in figures])


def markdown(result, bars, figures):
    """The same for docs/performance.md."""
    def lines(rows):
        yield "| " + " | ".join(rows[0]) + " |"
        yield "|" + "---|" * len(rows[0])
        for r in rows[1:]:
            yield "| " + " | ".join(c.replace("|", "\\|") for c in r) + " |"

    return "\n".join([
        f"{title(result)}; {len(result['warnings'])} warnings.", "",
        *lines([HEAD] + [row(b) for b in bars]), "",
        *lines([("also measured", "median", "range")] + [
            (f.what, f"{number(f.value)} {f.unit}",
             f"{number(min(f.samples))} .. {number(max(f.samples))}")
            for f in figures]), "",
        "; ".join(f"{k}: {v}" for k, v in result["versions"].items()) + ".",
        *result["absent"], ""])


def write_json(path, result, bars, figures):
    result = dict(result, written=time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                                time.gmtime()),
                  bars=[b.as_dict() for b in bars],
                  figures=[f.as_dict() for f in figures])
    with open(path, "w") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
