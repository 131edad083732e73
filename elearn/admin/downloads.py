"""Files to download: a Chinese name that every browser understands."""

from datetime import datetime
from urllib.parse import quote

from werkzeug.wrappers import Response

from elearn.config import DISPLAY_ZONE


def attachment(response: Response, name: str, suffix: str, *, now: datetime) -> Response:
    """The response as a file `name_2026-11-23.suffix` (RFC 6266)."""
    full = f"{name}_{now.astimezone(DISPLAY_ZONE):%Y-%m-%d}.{suffix}"
    header = f"attachment; filename=\"download.{suffix}\"; filename*=UTF-8''{quote(full)}"
    response.headers["Content-Disposition"] = header
    response.headers["Cache-Control"] = "no-store"
    return response
