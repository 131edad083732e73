"""Confidence intervals of proportions.

Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference", JASA
22; Newcombe, R. G. (1998), Statistics in Medicine 17, 857-872 (one proportion, method 3) and
873-890 (difference of two, method 10). Both behave at 0, at 1 and with few people, where the
textbook interval does not.
"""

import math
from dataclasses import dataclass
from typing import Final

Z95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """95 % confidence, both ends included."""

    low: float
    high: float

    def is_apart_from(self, other: "Interval") -> bool:
        """No value lies in both."""
        return self.low > other.high or self.high < other.low


def wilson(successes: float, n: int) -> Interval:
    """Interval of the proportion successes / n.

    `successes` may be a sum of shares between 0 and 1 (partial credit): the variance of such a
    share is at most that of a yes or no with the same mean, so the interval is then too wide
    rather than too narrow. Raises ValueError without observations.
    """
    if n < 1 or not -1e-9 <= successes <= n + 1e-9:
        msg = "successes must lie in 0..n, n at least 1"
        raise ValueError(msg)
    p, z2 = successes / n, Z95 * Z95
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(max(0.0, p * (1 - p)) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def difference(first: float, n_first: int, second: float, n_second: int) -> Interval:
    """Interval of (first / n_first) - (second / n_second): Newcombe's hybrid of two Wilson
    intervals."""
    p1, p2 = first / n_first, second / n_second
    one, two = wilson(first, n_first), wilson(second, n_second)
    down = math.hypot(p1 - one.low, two.high - p2)
    up = math.hypot(one.high - p1, p2 - two.low)
    return Interval(p1 - p2 - down, p1 - p2 + up)


def correlation_interval(r: float, n: int) -> Interval:
    """Interval of a correlation by Fisher's z (Fisher 1921); n at least 4."""
    if n < 4:
        msg = "a correlation of fewer than 4 pairs has no interval"
        raise ValueError(msg)
    if abs(r) >= 1:
        return Interval(r, r)
    z, half = math.atanh(r), Z95 / math.sqrt(n - 3)
    return Interval(math.tanh(z - half), math.tanh(z + half))
