"""Data with published figures, and simulated papers.

LSAT section VI: 1,000 people, 5 items (Bock & Lieberman 1970, Psychometrika 35, 179-197), as the
counts of the 32 answer patterns. It is the data set `LSAT` of the R package ltm; what
`descript(LSAT)` prints is published in Rizopoulos (2006), Journal of Statistical Software 17(5).
"""

import random
from collections.abc import Iterator

from elearn.core.statistics.responses import Response, Responses

LSAT = {
    "00000": 3, "00001": 6, "00010": 2, "00011": 11, "00100": 1, "00101": 1, "00110": 3, "00111": 4,
    "01000": 1, "01001": 8, "01010": 0, "01011": 16, "01100": 0, "01101": 3, "01110": 2, "01111": 15,
    "10000": 10, "10001": 29, "10010": 14, "10011": 81, "10100": 3, "10101": 28, "10110": 15,
    "10111": 80, "11000": 16, "11001": 56, "11010": 21, "11011": 173, "11100": 11, "11101": 61,
    "11110": 28, "11111": 298,
}  # fmt: skip


def lsat_rows() -> Iterator[list[int]]:
    for pattern, count in LSAT.items():
        for _ in range(count):
            yield [int(mark) for mark in pattern]


def collect(rows: list[list[int]] | Iterator[list[int]], weight: int = 100) -> Responses:
    """A fixed paper: row per person, right or wrong per item."""
    responses = Responses()
    for row in rows:
        responses.add(Response(f"i{at}", float(mark), weight) for at, mark in enumerate(row, 1))
    return responses


def simulate(
    *, people: int, bank: int, each: int, seed: int = 1, uneven: bool = False
) -> tuple[Responses, list[float]]:
    """Right-or-wrong answers by a logistic model, everybody's items drawn anew; and the abilities.

    `uneven`: half of the papers are drawn from the easy items, half from the hard ones, by a coin, so
    that raw scores say as much about the paper as about the person.
    """
    chance = random.Random(seed)
    abilities = [chance.gauss(0, 1) for _ in range(people)]
    hardness = [-2 + 4 * at / (bank - 1) for at in range(bank)]
    responses = Responses()
    for ability in abilities:
        pool = list(range(bank))
        if uneven:
            pool = pool[2 * bank // 5 :] if chance.random() < 0.5 else pool[: 3 * bank // 5]
        paper = chance.sample(pool, each)
        responses.add(
            Response(f"i{item}", float(chance.random() < _right(ability - hardness[item])), 100)
            for item in paper
        )
    return responses, abilities


def _right(advantage: float) -> float:
    return 1 / (1 + 2.718281828 ** (-1.7 * advantage))
