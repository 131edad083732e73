"""docs/problems.md lists exactly the codes the checkers can give."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "elearn/core"
# Files whose codes are written without the prefix letter, and the prefixes they are used with.
SHARED = {
    "field_reader.py": "QLRFWH", "laws/loading.py": "R", "lessons/front.py": "L",
    "questions/defaults.py": "QL", "facts.py": "F",
    "paths.py": "W", "credit/files.py": "H",
}  # fmt: skip


def codes_in_the_source() -> set[str]:
    found: set[str] = set()
    for package in ("questions", "laws", "lessons", "credit", "."):
        for path in (CORE / package).glob("*.py"):
            found |= set(re.findall(r'"([QLRFWH]-[a-z]+(?:-[a-z]+)*)"', path.read_text("utf-8")))
    for name, prefixes in SHARED.items():
        text = (CORE / name).read_text("utf-8")
        bare = re.findall(r'\.problem\(\s*[\w.\[\]]+,\s*"([a-z]+(?:-[a-z]+)*)"', text)
        assert bare, name
        found |= {f"{prefix}-{code}" for prefix in prefixes for code in bare}
    found.add("H-version")  # only the database knows which versions were published
    return found - {"Q-field-missing"}  # nothing in the front matter of a bank file is required


def test_every_code_is_documented_and_every_documented_code_exists() -> None:
    text = (ROOT / "docs/problems.md").read_text("utf-8")
    documented = re.findall(r"^\| `([QLRFWH]-[a-z-]+)` \|", text, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert codes_in_the_source() == set(documented)
