"""Printed papers as PDF (decision 0016): the same data and words as the print pages, set by typst.

An extra of the installation: without it the print pages are all there is.
"""

import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flask import current_app

from elearn.config import PACKAGE
from elearn.core.centi import centi_text
from elearn.core.errors import Conflict
from elearn.exams.attempts.sheet import ShownItem, ShownPart

from .sheets import Bubbles, KeyLine, PrintedForm

if TYPE_CHECKING:
    from typst import Fonts

FOLDER: Final = PACKAGE / "templates" / "exams" / "print"
# Serif first: a paper is read like a book. The last ones are what Windows and macOS have.
FAMILIES: Final = (
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "LXGW WenKai",
    "WenQuanYi Zen Hei",
    "SimSun",
    "Songti SC",
)
STANDARDS: Final = ("a-2a", "ua-1")  # kept for years; read aloud by a screen reader
_BOLD: Final = re.compile(r"\*\*(.+?)\*\*")


def is_installed() -> bool:
    """Is the extra `pdf` there?"""
    return find_spec("typst") is not None and find_spec("segno") is not None


def papers_pdf(forms: Sequence[PrintedForm], *, run: str, **page: Any) -> bytes:
    """The forms; `page` as the print page gets it (exam, blueprint, scoring)."""
    _require_extra()
    return _compile("papers.typ", papers_data(forms, run=run, **page))


def papers_data(forms: Sequence[PrintedForm], *, run: str, **page: Any) -> dict[str, Any]:
    """Everything that is printed on the forms."""
    words, blueprint = _words(), page["blueprint"]
    return {
        "title": page["exam"].title,
        "forms": [
            {
                "letter": form.letter,
                "code": form.code,
                "qr": _qr(f"elearn {run} {form.letter} {form.code}"),
                "terms": _plain(words.terms(blueprint)),
                "rules": [
                    _plain(words.rule_sheet(form.letter)),
                    _plain(words.rule_multi(page["scoring"])),
                    _plain(words.rule_return()),
                ],
                "sections": [
                    {
                        "heading": _plain(words.heading(section, at)),
                        "items": [_item(item) for item in section.items],
                    }
                    for at, section in enumerate(form.sheet.sections)
                ],
            }
            for form in forms
        ],
    }


def sheet_pdf(
    letters: Sequence[str],
    choices: Sequence[Bubbles],
    texts: Sequence[Bubbles],
    *,
    run: str,
    **page: Any,
) -> bytes:
    """The answer sheet."""
    _require_extra()
    words = _words()
    how = _plain(words.fill_rule())
    if any(row.many for row in choices):
        how += _plain(words.many_note())
    data = {
        "title": page["exam"].title,
        "code": run,
        "qr": _qr(f"elearn {run}"),
        "letters": list(letters),
        "how": how,
        "choices": [
            {"label": row.label + "*" * row.many, "marks": list(row.marks)} for row in choices
        ],
        "texts": [{"label": row.label, "lines": row.lines} for row in texts],
    }
    return _compile("sheet.typ", data)


def key_pdf(
    keys: Sequence[tuple[str, str, Sequence[tuple[str, Sequence[KeyLine]]]]], **page: Any
) -> bytes:
    """The key: (letter, code, sections) of every form."""
    _require_extra()
    data = {
        "title": page["exam"].title,
        "note": _plain(_words().key_note()),
        "forms": [
            {
                "letter": letter,
                "code": code,
                "sections": [
                    {"name": name, "lines": [_key_line(line) for line in lines]}
                    for name, lines in sections
                ],
            }
            for letter, code, sections in keys
        ],
    }
    return _compile("key.typ", data)


def _item(item: ShownItem) -> dict[str, Any]:
    is_case = bool(item.stem)
    return {
        "number": item.number,
        "stem": _runs(item.stem),
        "parts": [
            _part(part, f"（{part.at + 1}）" if is_case else f"{item.number}.")
            for part in item.parts
        ],
    }


def _part(part: ShownPart, number: str) -> dict[str, Any]:
    options = [option for option in part.options if option.letter]
    longest = max((len(option.text) for option in options), default=0)
    return {
        "no": number,
        "stem": _runs(part.stem),
        "columns": 4 if longest <= 8 else 2 if longest <= 20 else 1,
        "options": [{"letter": o.letter, "text": _runs(o.text)} for o in options],
    }


def _key_line(line: KeyLine) -> dict[str, Any]:
    return {
        "label": line.label,
        "answer": line.answer,
        "points": centi_text(line.points_centi),
        "rubric": [f"{text}（占 {centi_text(points)} 份）" for text, points in line.rubric],
    }


def _runs(text: str) -> list[dict[str, Any]]:
    """`**…**` is bold, as on the pages; everything else is text."""
    pieces = _BOLD.split(text)
    return [{"text": piece, "bold": at % 2 == 1} for at, piece in enumerate(pieces) if piece]


def _words() -> Any:
    return current_app.jinja_env.get_template("exams/print/words.html").module


def _plain(markup: Any) -> str:
    """What a macro says, as text."""
    return html.unescape(str(markup)).strip()


def _qr(text: str) -> str:
    import segno  # noqa: PLC0415 - an extra

    return str(segno.make(text, error="m").svg_inline(border=1))


def _require_extra() -> None:
    """Raises Conflict."""
    if not is_installed():
        message = "这台服务器没有装 PDF 组件。请用浏览器的打印，或请系统管理员 pip install 'elearn[pdf]'。"
        raise Conflict(message, code="E-PDF")


def _compile(name: str, data: Mapping[str, Any]) -> bytes:
    """Raises Conflict when no Chinese font is found."""
    from typst import Compiler  # noqa: PLC0415 - an extra

    fonts, family = _fonts(current_app.config["ELEARN"].instance_dir / "fonts")
    compiler = Compiler(
        FOLDER / name,
        root=FOLDER,
        font_paths=fonts,
        sys_inputs={"data": json.dumps({**data, "font": family}, ensure_ascii=False)},
    )
    made = compiler.compile(format="pdf", pdf_standards=list(STANDARDS))
    if not isinstance(made, bytes):
        msg = "typst made no PDF"
        raise TypeError(msg)
    return made


@lru_cache(maxsize=2)
def _fonts(folder: Path) -> "tuple[Fonts, str]":
    """The system's fonts and those of `folder`, looked through once; and the family to set in."""
    from typst import Fonts  # noqa: PLC0415 - an extra

    fonts = Fonts(font_paths=[folder] if folder.is_dir() else [])
    known = set(fonts.families())
    for family in FAMILIES:
        if family in known:
            return fonts, family
    message = (
        "这台服务器没有中文字体，排不出 PDF。请系统管理员安装一种（Debian、麒麟：apt install "
        f"fonts-noto-cjk），或把字体文件放进 {folder}，再重启服务。"
    )
    raise Conflict(message, code="E-FONT")
