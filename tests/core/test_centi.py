import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.assembly.values import read_centi
from elearn.core.centi import centi_text


@pytest.mark.parametrize(
    ("centi", "text"),
    [(0, "0"), (1, "0.01"), (25, "0.25"), (50, "0.5"), (100, "1"), (1205, "12.05"), (2000, "20")],
)
def test_centi_text(centi: int, text: str) -> None:
    assert centi_text(centi) == text


@given(st.integers(0, 9_999_999))
def test_centi_text_reads_back(centi: int) -> None:
    assert read_centi(centi_text(centi)) == centi
