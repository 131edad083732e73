"""The strict CSP forbids inline script and style: no template may contain any."""

import re
from pathlib import Path

import pytest

from elearn.config import PACKAGE

TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))
FORBIDDEN = re.compile(
    r"""\sstyle\s*=|\son[a-z]+\s*=\s*["']|<style\b|javascript:|<script(?![^>]*\b(src=|type="application/json"))""",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_template_has_no_inline_script_or_style(path: Path) -> None:
    found = [match.group() for match in FORBIDDEN.finditer(path.read_text())]
    assert found == []


def test_the_check_itself_finds_what_it_should() -> None:
    for bad in ('<p style="x">', "<a onclick='x'>", "<style>", "<script>", "href=javascript:x"):
        assert FORBIDDEN.search(bad), bad
    for good in ('<script src="/a.js">', '<script type="application/json">', "<p class='style'>"):
        assert not FORBIDDEN.search(good), good
