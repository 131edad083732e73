"""The score distribution before and after as an SVG picture; the table beside it says the same."""

from collections.abc import Sequence

from markupsafe import Markup

from .queries import Band

WIDTH, HEIGHT, FOOT = 640, 180, 24
BAR = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')


def score_chart(bands: Sequence[Band]) -> Markup:
    """Two bars per band of ten percent: before hollow, after solid. No inline style."""
    top = max((max(band.before, band.after) for band in bands), default=0) or 1
    step = WIDTH / max(1, len(bands))
    wide = step / 2 - 6
    drawn: list[Markup] = []
    for at, band in enumerate(bands):
        for offset, (number, kind) in enumerate(((band.before, "before"), (band.after, "bar"))):
            tall = (HEIGHT - FOOT - 16) * number / top
            x, y = at * step + 4 + offset * (wide + 2), HEIGHT - FOOT - tall
            drawn.append(BAR.format(kind, x, y, wide, tall))
        drawn.append(
            Markup('<text x="{:.1f}" y="{}">{}%</text>').format(at * step + 4, HEIGHT - 6, band.low)
        )
    return Markup(
        '<svg class="chart" viewBox="0 0 {0} {1}" role="img" aria-label="更正前后的得分分布">{2}</svg>'
    ).format(WIDTH, HEIGHT, Markup("").join(drawn))
