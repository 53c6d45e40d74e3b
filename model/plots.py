"""Three small SVG plots, written as text: equal figures give equal files."""

from model.evaluate import Evaluation, Points

SIZE, MARGIN = 240, 44
STYLE = (
    "text{font:11px sans-serif;fill:#444}.axis{stroke:#888;fill:none}.guide{stroke:#bbb;stroke-dasharray:4 3}"
    ".line{stroke:#06c;stroke-width:2;fill:none}.dot{fill:#06c}.legitimate{fill:#8ab8e6}.fraud{fill:#c9190b}"
)


def plots(name: str, found: Evaluation) -> dict[str, str]:
    """File name and SVG text of each plot of one model."""
    return {
        f"{name}-roc.svg": _frame(
            f"{name}: ROC, AUC {found.auc:.4f}", "false alarms", "frauds found", _guide() + _line(found.roc)
        ),
        f"{name}-calibration.svg": _frame(
            f"{name}: calibration",
            "answered",
            "happened",
            _guide() + _line(found.calibration) + _dots(found.calibration),
        ),
        f"{name}-scores.svg": _frame(
            f"{name}: scores, count on a log scale",
            "answered (red: frauds)",
            "share of largest",
            _bars(*found.histogram),
        ),
    }


def _x(value: float) -> float:
    return MARGIN + value * SIZE


def _y(value: float) -> float:
    return MARGIN / 2 + (1 - value) * SIZE


def _frame(title: str, below: str, left: str, inside: str) -> str:
    """A unit square with its title, axis names and ticks around the drawing."""
    wide, high = SIZE + 1.5 * MARGIN, SIZE + 1.7 * MARGIN
    ticks = "".join(
        f'<text x="{_x(tick):.1f}" y="{_y(0) + 14:.1f}" text-anchor="middle">{tick:g}</text>'
        f'<text x="{_x(0) - 5:.1f}" y="{_y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
        for tick in (0, 0.5, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" height="{high:g}">'
        f'<title>{title}</title><style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{_x(0.5):.1f}" y="14" text-anchor="middle">{title}</text>\n{inside}\n'
        f'<rect class="axis" x="{_x(0):.1f}" y="{_y(1):.1f}" width="{SIZE}" height="{SIZE}"/>{ticks}'
        f'<text x="{_x(0.5):.1f}" y="{_y(0) + 30:.1f}" text-anchor="middle">{below}</text>'
        f'<text x="12" y="{_y(0.5):.1f}" text-anchor="middle" transform="rotate(-90 12 {_y(0.5):.1f})">{left}</text>'
        "</svg>\n"
    )


def _guide() -> str:
    return f'<line class="guide" x1="{_x(0):.1f}" y1="{_y(0):.1f}" x2="{_x(1):.1f}" y2="{_y(1):.1f}"/>'


def _line(points: Points) -> str:
    return '<polyline class="line" points="' + " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points) + '"/>'


def _dots(points: Points) -> str:
    return "".join(f'<circle class="dot" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="3"/>' for x, y in points)


def _bars(legitimate: list[int], fraud: list[int]) -> str:
    """Two bars per bin, their height the logarithm of the count (base 2, by bit length: exact everywhere)."""
    largest = max(*legitimate, *fraud).bit_length()
    width = 1 / len(legitimate) / 2
    bars = []
    for kind, counts, shift in (("legitimate", legitimate, 0.0), ("fraud", fraud, width)):
        for place, count in enumerate(counts):
            height = count.bit_length() / largest
            left = place * 2 * width + shift
            bars.append(
                f'<rect class="{kind}" x="{_x(left):.1f}" y="{_y(height):.1f}" '
                f'width="{width * SIZE:.1f}" height="{height * SIZE:.1f}"/>'
            )
    return "".join(bars)
