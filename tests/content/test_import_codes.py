"""docs/import.md lists exactly the codes that checking a roster can give."""

import re
from pathlib import Path

from elearn.core.people.columns import PERSON_COLUMNS

ROOT = Path(__file__).parents[2]


def test_every_code_is_documented_and_every_documented_code_exists() -> None:
    sources = [*(ROOT / "elearn/core/people").glob("*.py"), ROOT / "elearn/core/spreadsheet.py"]
    used = {
        code for path in sources for code in re.findall(r'"(P-[a-z]+)"', path.read_text("utf-8"))
    }
    text = (ROOT / "docs/import.md").read_text("utf-8")
    documented = re.findall(r"^\| `(P-[a-z]+)` \|", text, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == used


def test_the_documented_headings_are_understood() -> None:
    text = (ROOT / "docs/import.md").read_text("utf-8")
    table = text.partition("| 人员表的列")[2].partition("机构表：")[0]
    known = {name for names in PERSON_COLUMNS.values() for name in names}
    for line in table.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3:
            assert {cells[0], *filter(None, cells[1].split("、"))} <= known, line
