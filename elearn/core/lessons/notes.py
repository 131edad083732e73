"""The six kinds of boxes in a lesson, and how their first line is written."""

import re
from dataclasses import dataclass

from elearn.core.source_text import one_line

# Chinese name -> class
NOTE_KINDS = {
    "案例": "case", "依据": "law", "想一想": "think", "重点": "key", "提醒": "warn", "行动": "act",
}  # fmt: skip
NOTE_NAMES = {css: name for name, css in NOTE_KINDS.items()}

_HEADER = re.compile(
    r"(?P<indent>[ \t]*)(?P<mark>[!！]{3}|[?？]{3})(?P<open>\+?)[ \t\u3000]*"
    r"(?P<kind>[^\s:：\"“”「」]*)[ \t\u3000]*[:：]?[ \t\u3000]*(?P<title>.*)"
)


@dataclass(frozen=True, slots=True)
class NoteHeader:
    """`!!! 案例 "标题"`; `kind` is the word as written."""

    indent: str
    kind: str
    title: str
    folded: bool
    opened: bool

    @property
    def known(self) -> bool:
        """One of the six."""
        return self.kind in NOTE_KINDS

    def as_markdown(self) -> str:
        """The form the Markdown extensions understand; the title is never empty."""
        mark = ("???" if self.folded else "!!!") + ("+" if self.opened else "")
        kind = NOTE_KINDS.get(self.kind, "key")
        title = self.title.replace('"', "”") or NOTE_NAMES[kind]
        return f'{self.indent}{mark} {kind} "{title}"'


def read_note(line: str) -> NoteHeader | None:
    """The header in this line, if it is one."""
    match = _HEADER.fullmatch(line)
    if not match:
        return None
    folded = match["mark"][0] in "?？"
    title = one_line(match["title"]).strip('"“”「」').strip()
    return NoteHeader(match["indent"], match["kind"], title, folded, bool(match["open"]))
