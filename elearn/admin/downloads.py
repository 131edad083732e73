"""Files to download: a Chinese name that every browser understands."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO
from urllib.parse import quote

from werkzeug.wrappers import Response

from elearn.config import DISPLAY_ZONE


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """The content of an open file, which is closed at its end."""
    with file:
        while piece := file.read(65_536):
            yield piece


def attachment(response: Response, name: str, suffix: str, *, now: datetime) -> Response:
    """The response as a file `name_2026-11-23.suffix` (RFC 6266)."""
    full = f"{name}_{now.astimezone(DISPLAY_ZONE):%Y-%m-%d}.{suffix}"
    header = f"attachment; filename=\"download.{suffix}\"; filename*=UTF-8''{quote(full)}"
    response.headers["Content-Disposition"] = header
    response.headers["Cache-Control"] = "no-store"
    return response
