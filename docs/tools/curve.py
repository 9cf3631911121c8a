"""The curve of `docs/explanations/duplicates.md`: how probably two documents are compared, by their similarity.

    python -m docs.tools.curve            writes docs/_static/bands.svg
    python -m docs.tools.curve --check    exits with 1 when the file is another one

Two documents of Jaccard similarity s agree in one minimum with probability s, in a band of r of them with s^r, and in at
least one of b bands with 1 - (1 - s^r)^b.
"""

from __future__ import annotations

import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "_static" / "bands.svg"
PERMUTATIONS = 128
BANDS = (8, 16, 21, 25, 32)
DEFAULT, THRESHOLD = 25, 0.7
_WIDTH, _HEIGHT, _LEFT, _TOP = 560, 320, 52, 16
_COLOURS = ("#7a5195", "#2f6f9f", "#3a8f6b", "#b8403a", "#c98a1b")


def probability(similarity: float, bands: int, rows: int) -> float:
    return 1 - (1 - similarity**rows) ** bands


def svg() -> str:
    """The drawing; the same text every time."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 150} {_TOP + _HEIGHT + 48}" '
        'font-family="sans-serif" font-size="13" role="img">',
        "<title>Probability that two documents are compared, by their similarity</title>",
        f'<rect width="{_LEFT + _WIDTH + 150}" height="{_TOP + _HEIGHT + 48}" fill="#fff"/>',
    ]
    for step in range(11):
        x, y = _x(step / 10), _y(step / 10)
        lines.append(f'<path d="M{x} {_TOP}V{_y(0)}M{_LEFT} {y}H{_x(1)}" stroke="#e4e4e4"/>')
        if step % 2 == 0:
            lines.append(f'<text x="{x}" y="{_y(0) + 18}" text-anchor="middle">{step / 10:g}</text>')
            lines.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{step / 10:g}</text>')
    cut = _x(THRESHOLD)
    lines.append(f'<path d="M{cut} {_TOP}V{_y(0)}" stroke="#444" stroke-dasharray="4 4"/>')
    lines.append(f'<text x="{cut - 6}" y="{_TOP + 14}" text-anchor="end" fill="#444">threshold {THRESHOLD:g}</text>')
    for number, (bands, colour) in enumerate(zip(BANDS, _COLOURS, strict=True)):
        rows = PERMUTATIONS // bands
        points = " ".join(f"{_x(i / 100)},{_y(probability(i / 100, bands, rows))}" for i in range(101))
        wide = 3 if bands == DEFAULT else 1.6
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{wide}"/>')
        y = _TOP + 20 + 22 * number
        lines.append(f'<path d="M{_x(1) + 14} {y - 4}h22" stroke="{colour}" stroke-width="{wide}"/>')
        said = f"{bands} × {rows}{' (default)' if bands == DEFAULT else ''}"
        lines.append(f'<text x="{_x(1) + 42}" y="{y}">{said}</text>')
    middle = _x(0.5)
    lines.append(f'<text x="{middle}" y="{_y(0) + 38}" text-anchor="middle">Jaccard similarity of two documents</text>')
    turned = f'text-anchor="middle" transform="rotate(-90 14 {_y(0.5)})"'
    lines.append(f'<text x="14" y="{_y(0.5)}" {turned}>compared with probability</text>')
    return "\n".join([*lines, "</svg>", ""])


def _x(value: float) -> float:
    return round(_LEFT + value * _WIDTH, 1)


def _y(value: float) -> float:
    return round(_TOP + (1 - value) * _HEIGHT, 1)


def main() -> int:
    made = svg()
    if "--check" in sys.argv[1:]:
        return int(not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != made)
    TARGET.write_text(made, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
