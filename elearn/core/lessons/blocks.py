"""Working on a rendered lesson: stable ids for its blocks, slots of quizzes and tasks, an excerpt to resume at.

The input is HTML our own renderer made and sanitised, so tags are lower case and well formed.
"""

import hashlib
import html
import re
from collections import Counter
from typing import NamedTuple

_BLOCKS = "p|figure|blockquote|pre|li"
_OPENING = re.compile(
    rf"<({_BLOCKS})((?: [^<>]*)?)>(?=(.*?)</?(?:{_BLOCKS}|ul|ol|div|aside|details|table)\b)",
    re.DOTALL,
)
_HAS_ID = re.compile(r'\sid="|note-title')
_SLOT = re.compile(r'<div\b[^<>]*\bdata-(quiz|task)="(\d+)"[^<>]*></div>')
_BLOCK_EDGE = re.compile(rf"</?(?:{_BLOCKS}|h[2-4]|ul|ol|div|aside|details|table)\b")
_TAG = re.compile(r"<[^<>]*>")
_POSITION = re.compile(r"[\w-]{1,120}")


def anchor_blocks(text: str) -> str:
    """Give paragraphs, list items and figures without an id one made from their own words.

    An id stays the same while its block stays the same, so a place remembered in one revision of
    a lesson is found again in the next. Prefixed: no block takes the id of a part of the page.
    """
    seen: Counter[str] = Counter()

    def anchored(match: re.Match[str]) -> str:
        tag, attributes, inner = match.groups()
        words = inner.strip()
        if not words or _HAS_ID.search(attributes):
            return match[0]
        name = "p-" + hashlib.sha256(words.encode()).hexdigest()[:8]
        seen[name] += 1
        suffix = f"-{seen[name]}" if seen[name] > 1 else ""
        return f'<{tag}{attributes} id="{name}{suffix}">'

    return _OPENING.sub(anchored, text)


class Slot(NamedTuple):
    """Where quiz or task `number` of a lesson stands; `kind` is `quiz` or `task`."""

    kind: str
    number: int


def split_slots(text: str) -> list[str | Slot]:
    """The HTML cut at its slots: text, slot, text, …"""
    pieces: list[str | Slot] = []
    at = 0
    for match in _SLOT.finditer(text):
        pieces += [text[at : match.start()], Slot(match[1], int(match[2]))]
        at = match.end()
    return [*pieces, text[at:]]


def is_position(text: str) -> bool:
    """Could this be the id of a heading or block of a lesson?"""
    return bool(_POSITION.fullmatch(text))


def excerpt(text: str, position: str, length: int = 18) -> str:
    """The first words of the block or heading with that id; "" when the lesson has none."""
    start = text.find(f' id="{position}"') if is_position(position) else -1
    if start < 0:
        return ""
    rest = text[text.find(">", start) + 1 :]
    words = " ".join(html.unescape(_TAG.sub("", _BLOCK_EDGE.split(rest, maxsplit=1)[0])).split())
    return words if len(words) <= length else words[:length] + "…"


def first_position(text: str) -> str:
    """The id a reader who has not moved is at."""
    match = re.search(r' id="((?:p|s)-[^"]+)"', text)
    return match[1] if match else ""
