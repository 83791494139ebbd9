"""The bars as an SVG: how far each is from its goal."""
import math
from html import escape

from . import stats

COLOUR = {stats.HOLDS: "#2a7f4f", stats.FAILS: "#b3372f",
          stats.OPEN: "#8a7a2a", stats.NOT_RUN: "#999999"}
LEFT, RIGHT, TOP, ROW = 410, 250, 64, 30
WIDTH = 1160
DECADES = (1 / 20, 20)


def share(bar, v):
    """A value against the goal: below 1 is better than asked for."""
    if v is None:
        return None
    v = v / bar.limit if bar.at_most else bar.limit / max(v, 1e-9)
    return min(max(v, DECADES[0]), DECADES[1])


def x_of(v):
    lo, hi = (math.log(d) for d in DECADES)
    return LEFT + (math.log(v) - lo) / (hi - lo) * (WIDTH - LEFT - RIGHT)


def text(x, y, s, anchor="start", extra=""):
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" {extra}>'
            f"{escape(s)}</text>")


def axis(bottom):
    out = []
    for v, name in ((1 / 10, "10 times better"), (1 / 3, "3 times"),
                    (1, "the goal"), (3, "3 times worse"), (10, "10 times")):
        x = x_of(v)
        style = 'stroke="#333" stroke-width="1.5"' if v == 1 else \
            'stroke="#ddd"'
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" '
                   f'y2="{bottom}" {style}/>')
        out.append(text(x, TOP - 14, name, "middle", 'fill="#555"'))
    return out


def draw_bar(bar, y, label):
    colour = COLOUR[bar.verdict]
    out = [text(LEFT - 12, y + 4, bar.what, "end")]
    if bar.value is None:
        return out + [text(x_of(1) + 8, y + 4, "not run", extra=(
            f'fill="{colour}"'))]
    one, v = x_of(1), x_of(share(bar, bar.value))
    ends = [x_of(share(bar, e)) for e in (bar.low, bar.high)]
    out.append(f'<rect x="{min(one, v):.1f}" y="{y - 8}" height="16" '
               f'width="{abs(one - v):.1f}" fill="{colour}" '
               'fill-opacity="0.75"/>')
    out.append(f'<line x1="{min(ends):.1f}" x2="{max(ends):.1f}" y1="{y}" '
               f'y2="{y}" stroke="#111" stroke-width="3"/>')
    out.append(text(WIDTH - RIGHT + 14, y + 4, label,
                    extra=f'fill="{colour}"'))
    return out


def svg(bars, labels, title):
    """labels: what stands at the right of each bar."""
    height = TOP + ROW * len(bars) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
           f'height="{height}" font-family="sans-serif" font-size="13">',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
           text(12, 24, title, extra='font-size="16"')]
    out += axis(height - 34)
    for i, (bar, label) in enumerate(zip(bars, labels)):
        out += draw_bar(bar, TOP + ROW * i + 14, label)
    x = 12
    for verdict, colour in COLOUR.items():
        out.append(f'<rect x="{x}" y="{height - 24}" width="12" height="12" '
                   f'fill="{colour}"/>')
        out.append(text(x + 18, height - 13, verdict))
        x += 130
    out.append(text(WIDTH - 12, height - 13,
                    "black: 90 % interval; logarithmic", "end",
                    'fill="#555"'))
    return "\n".join(out + ["</svg>", ""])
