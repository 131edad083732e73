"""The score distribution before and after as an SVG picture; the table beside it says the same."""

from collections.abc import Sequence

from markupsafe import Markup

from .queries import Band

WIDTH, HEIGHT, FOOT = 640, 180, 24
BAR = Markup(
    '<rect fill="currentColor" stroke="currentColor" fill-opacity="{}"'
    ' x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
)


def score_chart(bands: Sequence[Band]) -> Markup:
    """Two bars per band of ten percent: before hollow, after solid. No inline style."""
    top = max((max(band.before, band.after) for band in bands), default=0) or 1
    step = WIDTH / max(1, len(bands))
    wide = step / 2 - 6
    drawn: list[Markup] = []
    for at, band in enumerate(bands):
        for offset, (number, opacity) in enumerate(((band.before, "0"), (band.after, "1"))):
            tall = (HEIGHT - FOOT - 16) * number / top
            x, y = at * step + 4 + offset * (wide + 2), HEIGHT - FOOT - tall
            drawn.append(BAR.format(opacity, x, y, wide, tall))
        drawn.append(
            Markup('<text x="{:.1f}" y="{}" font-size="12" fill="currentColor">{}%</text>').format(
                at * step + 4, HEIGHT - 6, band.low
            )
        )
    return Markup(
        '<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="更正前后的得分分布">{2}</svg>'
    ).format(WIDTH, HEIGHT, Markup("").join(drawn))
