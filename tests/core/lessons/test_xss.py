"""Nothing an author writes becomes script: payload lists, one by one and in many places."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.renderer import render_lesson, sanitise

LISTS = Path("/work/shared/data/xss")
TAGS = set(
    "p br hr h2 h3 h4 strong em del code pre blockquote ul ol li a img figure figcaption audio video "
    "table thead tbody tr th td div aside details summary span sup input label dl dt dd".split()
)
ATTRIBUTES = {
    "href", "title", "rel", "id", "class", "role", "src", "alt", "width", "height", "loading",
    "decoding", "controls", "preload", "aria-label", "playsinline", "data-quiz", "tabindex",
    "scope", "open", "start", "type", "checked", "disabled",
}  # fmt: skip
SAFE_URL = re.compile(r"(?:https?:|mailto:|tel:|/(?!/)|#|[^:]*$)", re.IGNORECASE)
SAFE_ID = re.compile(r"s-.*|quiz-\d+|fn(?:ref)?\d*:.*")


class Inspector(HTMLParser):
    """Collects everything that is not on the list of what our Markdown makes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.bad.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.bad.append(f"{tag} {name}={value}")
            if name in ("href", "src"):
                bare = re.sub(r"[\x00-\x20]", "", value or "")
                if not SAFE_URL.match(bare):
                    self.bad.append(f"{tag} {name}={value}")
            if name == "id" and not SAFE_ID.fullmatch(value or ""):
                self.bad.append(f"id={value}")

    def handle_comment(self, data: str) -> None:
        self.bad.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.bad.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.bad.append(f"instruction {data}")


def dangers(html: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.bad


def places(payload: str) -> str:
    """The payload as text, link, picture, title, heading, box, cell, footnote, code, reference."""
    flat = payload.replace("\n", " ").replace("\r", " ")
    return (
        f'{payload}\n\n[a]({flat})\n\n![a]({flat})\n\n![{flat}](a.png "{flat}")\n\n## {flat}\n\n'
        f'!!! 案例 "{flat}"\n    {flat}\n\n??? 想一想 "{flat}"\n    - [ ] {flat}\n\n| {flat} | b |\n|---|---|\n'
        f"| {flat} | c |\n\n[^{flat}]\n\n[^{flat}]: {flat}\n\n`{flat}`\n\n[[{flat}]]\n\n<{flat}>\n\n"
        f'[x][r]\n\n[r]: {flat}\n\n[y](https://a.example "{flat}")\n\n```{flat}\n{flat}\n```\n'
    )


OWN = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "&#106;avascript:alert(1)", "java\tscript:alert(1)", "\x01javascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD4=", "vbscript:x", '" onmouseover="alert(1)', "'><svg/onload=alert(1)>",
    "<a href=javascript:alert(1)>", "{onclick=alert(1)}", "{: #main onclick=alert(1) }", "</p><iframe src=//x>",
    "<style>*{display:none}</style>", '<form action="//x"><input name=q>', '<p style="position:fixed">',
    '<div id="main" class="app">', "<!--x-->", "<?php x?>", "<![CDATA[x]]>", "\x02wzxhzdk:0\x03", "\x02amp\x03",
    "<math><mtext></p><img src onerror=x>", "<noscript><p title='</noscript><img src=x onerror=x>'>",
    "\ue000quiz0\ue001", "<javascript:alert(1)>", "<data:x@y.zz>",
]  # fmt: skip


@pytest.mark.parametrize("payload", OWN)
def test_no_payload_survives_in_any_place(payload: str, registry: LawRegistry) -> None:
    assert dangers(render_lesson(places(payload), "f", 1, registry).html) == []


@pytest.mark.parametrize("payload", OWN)
def test_the_sanitiser_alone_holds_too(payload: str) -> None:
    cleaned = sanitise(f'<div onclick="x">{payload}<h2 onload="x">{payload}</h2></div>')
    assert [bad for bad in dangers(cleaned) if not bad.startswith("id=")] == []


def test_the_inspector_sees_danger() -> None:
    assert dangers('<img src=x onerror=x><a href=" java\nscript:x">x</a><b id=main><!--x-->') == [
        "img onerror=x", "a href= java\nscript:x", "<b>", "id=main", "comment x",
    ]  # fmt: skip


def _payloads() -> list[str]:
    lists = [
        (LISTS / "payloadbox_mit/Intruder/xss-payload-list.txt")
        .read_text("utf-8", "replace")
        .splitlines(),
        json.loads((LISTS / "blns_mit/blns.json").read_text("utf-8")),
    ]
    purify = (LISTS / "dompurify/test/fixtures/expect.mjs").read_text("utf-8")
    found = re.findall(r'"payload":\s*("(?:[^"\\]|\\.)*")', purify)
    lists.append([json.loads(text, strict=False) for text in found])
    assert all(len(one) > 100 for one in lists)
    return [text for one in lists for text in one if text.strip()]


@pytest.mark.slow
@pytest.mark.skipif(
    not LISTS.exists(), reason=f"the payload lists of {LISTS} are not on this machine"
)
def test_public_payload_lists_do_nothing(registry: LawRegistry) -> None:
    payloads = _payloads()
    found = []
    for start in range(0, len(payloads), 40):
        together = "\n\n".join(payloads[start : start + 40])
        found += dangers(render_lesson(together[:59_000], "f", 1, registry).html)
    for payload in payloads[::25]:
        found += dangers(render_lesson(places(payload)[:59_000], "f", 1, registry).html)
    assert found == []
    assert len(payloads) > 5_000
