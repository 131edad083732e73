"""What a candidate's phone says to the server, as requests and replies without a network.

The save protocol grew: `device`, `base` and `made_ms` are sent only to a server whose state reply
shows that it knows them, and reply keys nobody here asks about are ignored.
"""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from .stage import ITEMS, Visitor

OK: Final = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `kind` is what it is counted under."""

    kind: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Event:
    """A change of one answer; the same event is sent again until it is acknowledged.

    `number` counts the changes of this device, `base` is the sequence the device knew of.
    """

    event_id: str
    item: int
    value: list[int]
    base: int
    number: int


@dataclass(slots=True)
class Candidate:
    """One phone: what it knows of its attempt."""

    visitor: Visitor
    exam: str
    attempt: str = ""
    device: str = field(default_factory=lambda: secrets.token_hex(8))
    knows_base: bool = False
    holds_lease: bool = True
    remaining_ms: int = 0
    bases: dict[int, int] = field(default_factory=dict)
    made: int = 0

    def start(self) -> Request:
        """The button 开始考试."""
        return self._form("start", f"/exams/{self.exam}/start", {"agreed": "1"})

    def started(self, status: int, location: str) -> bool:
        """Note the attempt; False when the server did not give one."""
        if status != 302 or "/attempts/" not in location:
            return False
        self.attempt = location.rpartition("/attempts/")[2]
        return True

    def page(self) -> Request:
        """The paper."""
        return self._get("page", f"/attempts/{self.attempt}")

    def state(self) -> Request:
        """Where the server stands."""
        return self._get(
            "state", f"/attempts/{self.attempt}/state?device={self.device}", "application/json"
        )

    def knows(self, reply: dict[str, Any]) -> None:
        """Read a state reply."""
        self.knows_base = "seqs" in reply
        lease = reply.get("lease")
        self.holds_lease = not isinstance(lease, dict) or bool(lease.get("mine", True))
        self.remaining_ms = int(reply.get("remaining_ms", 0))
        self.bases = {int(place.split("-")[0]): seq for place, seq in reply.get("seqs", {}).items()}

    def take_over(self) -> Request:
        """在此设备继续: after another device had the paper."""
        body = {"csrf": self.visitor.csrf, "device": self.device}
        return self._json("takeover", f"/attempts/{self.attempt}/takeover", body)

    def change(self) -> Event:
        """The next answer of this phone: items in turn, the value alternates."""
        item = self.made % ITEMS + 1
        value = [self.made // ITEMS % 2]
        self.made += 1
        event_id = f"ev-{secrets.token_hex(8)}"
        return Event(event_id, item, value, self.bases.get(item, 0), self.made)

    def save(self, *events: Event) -> Request:
        """Deliver."""
        body: dict[str, Any] = {"csrf": self.visitor.csrf, "events": list(map(self._entry, events))}
        if self.knows_base:
            body["device"] = self.device
        return self._json("save", f"/attempts/{self.attempt}/answers", body)

    def saved(self, event: Event, status: int, body: bytes) -> bool:
        """Is this event acknowledged, and does it count? Notes what the next one is based on."""
        if status != OK:
            return False
        try:
            reply = json.loads(body)
        except ValueError:
            return False
        if event.event_id not in reply.get("acked", ()):
            return False
        known = reply.get("statuses", {}).get(event.event_id, "COUNTED")
        if known == "CONFLICT":
            for place, other in reply.get("conflicts", {}).items():
                self.bases[int(place.split("-")[0])] = int(other["seq"])
            return False
        self.bases[event.item] = int(reply["seq"])
        return True

    def submit(self) -> Request:
        """交卷."""
        return self._form("submit", f"/attempts/{self.attempt}/submit", {})

    def home(self) -> Request:
        """待办: what everybody else does meanwhile."""
        return self._get("home", "/")

    def _entry(self, event: Event) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "event_id": event.event_id,
            "item": event.item,
            "part": 0,
            "value": event.value,
        }
        if self.knows_base:
            entry |= {"base": event.base, "made_ms": self.remaining_ms, "n": event.number}
        return entry

    def _get(self, kind: str, path: str, accept: str = "text/html") -> Request:
        return Request(kind, "GET", path, {"Cookie": self.visitor.cookie, "Accept": accept})

    def _json(self, kind: str, path: str, body: dict[str, Any]) -> Request:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        headers["Cookie"] = self.visitor.cookie
        return Request(kind, "POST", path, headers, json.dumps(body).encode())

    def _form(self, kind: str, path: str, fields: dict[str, str]) -> Request:
        headers = {
            "Cookie": self.visitor.cookie,
            "Accept": "text/html",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({**fields, "csrf_token": self.visitor.csrf}).encode()
        return Request(kind, "POST", path, headers, body)


def sign_in(stranger: Visitor, person: str, password: str) -> Request:
    """From a browser whose session only carries the token of the form."""
    body = urlencode(
        {"staff_no": person, "password": password, "csrf_token": stranger.csrf}
    ).encode()
    headers = {
        "Cookie": stranger.cookie,
        "Accept": "text/html",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return Request("sign-in", "POST", "/sign-in", headers, body)
