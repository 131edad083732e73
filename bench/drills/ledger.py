"""What a phone was promised, kept where the fault cannot reach it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENCODING: Final = "utf-8"


@dataclass(frozen=True, slots=True)
class Promise:
    """The server said: this event is saved."""

    attempt: str
    event_id: str
    item: int
    value: tuple[int, ...]


class Ledger:
    """One file per phone. A line is written after the reply was read, and is on the disk before
    the phone goes on."""

    def __init__(self, path: Path):
        self._file = path.open("a", encoding=ENCODING)
        self.path = path

    def add(self, promise: Promise) -> None:
        """Durable when this returns."""
        fields = [promise.attempt, promise.event_id, promise.item, list(promise.value)]
        self._file.write(json.dumps(fields) + "\n")
        self._file.flush()
        os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """No more promises."""
        self._file.close()


def read(path: Path) -> list[Promise]:
    """In the order they were made."""
    lines = path.read_text(encoding=ENCODING).splitlines()
    fields = (json.loads(line) for line in lines)
    return [Promise(attempt, event, item, tuple(value)) for attempt, event, item, value in fields]
