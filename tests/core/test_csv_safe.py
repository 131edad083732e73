"""No cell of a CSV export is run as a formula."""

import csv
import io
from datetime import UTC, date, datetime
from itertools import product

import pytest

from elearn.core.csv_safe import BOM, neutralise, write_csv

STARTS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize("start", list(STARTS))
def test_text_that_starts_like_a_formula_gets_an_apostrophe(start: str) -> None:
    assert neutralise(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize(("blank", "start"), list(product(" \u3000\u00a0", "=＝@")))
def test_blanks_in_front_do_not_hide_a_formula(blank: str, start: str) -> None:
    assert neutralise(f"{blank}{blank}{start}A1") == f"'{blank}{blank}{start}A1"


@pytest.mark.parametrize("value", ["王建国", "a=b", "", "007", "1-2", " 甲", "'=1"])
def test_other_text_passes_unchanged(value: str) -> None:
    assert neutralise(value) == value


@pytest.mark.parametrize("value", [5, -5, -1.5, date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)])
def test_numbers_and_dates_stay_what_they_are(value: object) -> None:
    assert neutralise(value) == value


def test_nothing_and_yes_and_no_have_their_words() -> None:
    assert [neutralise(None), neutralise(True), neutralise(False)] == ["", "是", "否"]


def test_write_csv_has_a_bom_crlf_and_neutralised_headings_and_cells() -> None:
    target = io.StringIO(newline="")
    rows = [["=1+1", 3, None], ['a"b,c\nd', -2.5, "＠x"]]
    assert write_csv(target, ["姓名", "+数", "备注"], rows) == 2
    text = target.getvalue()
    assert text.startswith(BOM + "姓名,'+数,备注\r\n")
    assert list(csv.reader(io.StringIO(text.removeprefix(BOM), newline=""))) == [
        ["姓名", "'+数", "备注"],
        ["'=1+1", "3", ""],
        ['a"b,c\nd', "-2.5", "'＠x"],
    ]


def test_write_csv_of_no_rows_still_has_its_headings() -> None:
    target = io.StringIO(newline="")
    assert write_csv(target, ["姓名"], []) == 0
    assert target.getvalue() == BOM + "姓名\r\n"
