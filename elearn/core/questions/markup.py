"""The little markup an item may hold, as safe HTML: paragraphs, line ends, bold, blanks."""

import html
import re

_BOLD = re.compile(r"\*\*(.+?)\*\*")


def inline_html(text: str) -> str:
    """One run of text: everything escaped, `**加粗**` as strong, line ends as br."""
    lines = [_BOLD.sub(r"<strong>\1</strong>", html.escape(line)) for line in text.split("\n")]
    return "<br>".join(lines)


def prose_html(text: str) -> str:
    """Paragraphs (a blank line between them) of `inline_html`."""
    paragraphs = [part.strip("\n") for part in re.split(r"\n{2,}", text)]
    return "".join(f"<p>{inline_html(part)}</p>" for part in paragraphs if part)


def plain_text(text: str) -> str:
    """Without the bold marks, for search, exports and comparisons."""
    return _BOLD.sub(r"\1", text)
