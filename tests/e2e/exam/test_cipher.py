"""exam-cipher.js in a real engine against the `cryptography` library, both ways."""

import base64
import json
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.poly1305 import Poly1305
from playwright.sync_api import Browser, Page

from elearn.config import PACKAGE
from elearn.exams.rescue.sealed import open_file, read_file
from tests.factories_exams import SECRET

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SOURCES = PACKAGE / "assets" / "js"
# Where the sum wraps around 2^130 - 5 (RFC 8439, appendix A.3, vectors 7 to 11, and neighbours).
EDGES = [
    (2, 0, "ff" * 16),
    (2, 2**128 - 1, "02" + "00" * 15),
    (1, 0, "ff" * 16 + "f0" + "ff" * 15 + "11" + "00" * 15),
    (1, 0, "ff" * 16 + "fb" + "fe" * 15 + "01" * 16),
    (2, 0, "fd" + "ff" * 15),
    (4, 0, "ff" * 48),
    (0, 2**128 - 1, "ff" * 17),
    (2**124 - 1, 2**128 - 1, "ff" * 47),
]


@pytest.fixture
def engine(chromium: Browser) -> Any:
    """A page that has nothing but the scripts themselves."""
    context = chromium.new_context()
    page = context.new_page()

    def serve(route: Any) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        if name.endswith(".js"):
            route.fulfill(body=(SOURCES / name).read_text(), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    page.route("**/*", serve)
    page.goto("http://intranet.test/")  # not a secure context: crypto.subtle is hidden
    assert page.evaluate("typeof crypto.subtle") == "undefined"
    yield page
    context.close()


def messages() -> list[dict[str, Any]]:
    chance = random.Random(8439)
    letters = "廉洁a1 \n𠮷é"
    return [
        {
            "key": chance.randbytes(32).hex(),
            "nonce": list(chance.randbytes(12)),
            "text": "".join(chance.choices(letters, k=length)),
            "about": "elearn:exam:" + "x" * (length % 37),
        }
        for length in [*range(70), 127, 128, 129, 500, 2000]
    ]


def test_what_it_seals_is_rfc_8439(engine: Page) -> None:
    made = messages()
    sealed = engine.evaluate(
        "async (list) => { const c = await import('/exam-cipher.js');"
        " return list.map((m) => c.seal(c.fromHex(m.key), m.text, m.about, new Uint8Array(m.nonce))); }",
        made,
    )
    for message, got in zip(made, sealed, strict=True):
        nonce = bytes(message["nonce"])
        cipher = ChaCha20Poly1305(bytes.fromhex(message["key"]))
        wanted = nonce + cipher.encrypt(nonce, message["text"].encode(), message["about"].encode())
        assert base64.b64decode(got) == wanted


def test_it_opens_what_is_whole_and_nothing_else(engine: Page) -> None:
    opened = engine.evaluate(
        """async (list) => {
          const c = await import('/exam-cipher.js');
          const flip = (text, at) => {
            const bytes = atob(text).split('').map((l) => l.charCodeAt(0));
            bytes[at % bytes.length] ^= 4;
            return btoa(String.fromCharCode(...bytes));
          };
          return list.map((m, at) => {
            const key = c.fromHex(m.key);
            const sealed = c.seal(key, m.text, m.about);
            return [c.open(key, sealed, m.about) === m.text, c.open(key, flip(sealed, at * 7), m.about),
              c.open(key, sealed, m.about + 'x'), c.open(key.map((b) => b ^ 1), sealed, m.about)];
          });
        }""",
        messages(),
    )
    assert opened == [[True, None, None, None]] * len(opened)
    assert len(opened) > 70


def test_authenticator_where_the_sum_wraps_around(engine: Page) -> None:
    chance = random.Random(1305)
    cases = [
        (r.to_bytes(16, "little") + s.to_bytes(16, "little"), bytes.fromhex(text))
        for r, s, text in EDGES
    ]
    cases += [
        (bytes(chance.choices((0, 1, 255), k=32)), bytes(chance.choices((0, 254, 255), k=length)))
        for length in range(1, 200)
    ]
    tags = engine.evaluate(
        "async (list) => { const c = await import('/exam-cipher.js'); return list.map(([k, m]) =>"
        " Array.from(c.tag(new Uint8Array(k), new Uint8Array(m)))); }",
        [[list(key), list(message)] for key, message in cases],
    )
    for (key, message), got in zip(cases, tags, strict=True):
        assert bytes(got) == Poly1305.generate_tag(key, message)


def test_server_opens_the_file_the_page_makes(engine: Page) -> None:
    from elearn.exams.rescue.sealed import answer_key  # noqa: PLC0415  # beside its use

    entry = {"event_id": "e" * 32, "item": 3, "part": 0, "value": ["全面从严", "𠮷"], "base": 2}
    entry |= {"made_ms": 5000, "n": 9, "sent": True}
    text = engine.evaluate(
        "async ([of, entry]) => { const c = await import('/exam-export.js');"
        " return c.answerFile(of, 'device-one', [entry]); }",
        [{"attempt": "attempt-one", "key": answer_key(SECRET, "attempt-one").hex()}, entry],
    )
    contents = open_file(read_file(text), SECRET)
    entry.pop("sent")
    assert contents.events == [entry]
    assert contents.device == "device-one"
    assert set(json.loads(text)) == {"format", "attempt", "data"}
    assert "全面" not in text
