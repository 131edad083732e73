"""The little markup an item or a task may hold, as safe HTML: paragraphs, lists, line ends, bold,
blanks."""

import html
import re
from itertools import groupby
from typing import Final

ITEM: Final = "- "
_BOLD = re.compile(r"\*\*(.+?)\*\*")


def inline_html(text: str) -> str:
    """One run of text: everything escaped, `**加粗**` as strong, line ends as br."""
    lines = [_BOLD.sub(r"<strong>\1</strong>", html.escape(line)) for line in text.split("\n")]
    return "<br>".join(lines)


def prose_html(text: str) -> str:
    """Paragraphs (a blank line between them) of `inline_html`; lines that begin with `- ` are a
    list, wherever they stand."""
    paragraphs = [part.strip("\n") for part in re.split(r"\n{2,}", text)]
    return "".join(_block_html(part) for part in paragraphs if part)


def _block_html(part: str) -> str:
    blocks = []
    for listed, run in groupby(part.split("\n"), key=lambda line: line.startswith(ITEM)):
        if listed:
            items = "".join(f"<li>{inline_html(line[len(ITEM) :].strip())}</li>" for line in run)
            blocks.append(f"<ul>{items}</ul>")
        else:
            blocks.append("<p>" + inline_html("\n".join(run)) + "</p>")
    return "".join(blocks)


def plain_text(text: str) -> str:
    """Without the bold marks, for search, exports and comparisons."""
    return _BOLD.sub(r"\1", text)
