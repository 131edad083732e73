"""The witness search agrees with trying everything."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elearn.core.assembly import composition
from elearn.core.assembly.composition import Row, compose

SIZES = st.lists(st.integers(0, 3), min_size=1, max_size=4)
MASKS = st.lists(st.integers(1, 3), min_size=4, max_size=4)
ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 255)), min_size=1, max_size=4
)


@settings(deadline=None, max_examples=200)
@given(SIZES, MASKS, ROWS)
def test_compose_agrees_with_brute_force(
    sizes: list[int], masks: list[int], drawn: list[tuple[int, int, int]]
) -> None:
    by_cell = dict(enumerate(sizes))
    sections = {cell: [s for s in range(2) if masks[cell] >> s & 1] for cell in by_cell}
    variables = [(cell, s) for cell in by_cell for s in sections[cell]]
    rows = [
        Row(min(a, b), max(a, b), tuple(v for at, v in enumerate(variables) if mask >> at & 1))
        for a, b, mask in drawn
    ]

    def works(values: dict[tuple[int, int], int]) -> bool:
        fits = all(
            sum(values.get((cell, s), 0) for s in sections[cell]) <= size
            for cell, size in by_cell.items()
        )
        return fits and all(
            row.low <= sum(values.get(v, 0) for v in row.variables) <= row.high for row in rows
        )

    possible = any(
        works(dict(zip(variables, values, strict=True)))
        for values in product(*(range(by_cell[cell] + 1) for cell, _ in variables))
    )
    found = compose(by_cell, sections, rows)
    assert (found is not None) == possible
    if found is not None:
        assert works(found)


def test_compose_gives_up_rather_than_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, sections = {0: 3, 1: 3}, {0: [0], 1: [0]}
    rows = [Row(3, 3, ((0, 0), (1, 0)))]
    assert compose(sizes, sections, rows) is not None
    monkeypatch.setattr(composition, "MAX_NODES", 0)
    assert compose(sizes, sections, rows) is None
