"""Images, audio and video out of the database, a piece at a time."""

import io
from collections.abc import Callable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.errors import NotFound
from elearn.models import ContentAsset

PIECE: Final = 256 * 1024


def find_asset(session: Session, sha256: str) -> tuple[str, int]:
    """(MIME type, size in bytes). Raises NotFound."""
    row = session.execute(
        select(ContentAsset.mime, func.length(ContentAsset.data)).where(
            ContentAsset.sha256 == sha256
        )
    ).first()
    if row is None:
        raise NotFound("没有这个文件。")
    return row[0], row[1]


def read_piece(session: Session, sha256: str, start: int, length: int) -> bytes:
    """Bytes `start`..`start + length` of an asset."""
    piece = session.scalar(
        select(func.substr(ContentAsset.data, start + 1, length)).where(
            ContentAsset.sha256 == sha256
        )
    )
    return bytes(piece or b"")


class AssetFile(io.RawIOBase):
    """A seekable file over `fetch(start, length)`: a video of 200 MB never lies in memory."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]):
        self._size = size
        self._fetch = fetch
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._at)
        wanted = left if size < 0 else min(size, left)
        piece = self._fetch(self._at, wanted) if wanted else b""
        self._at += len(piece)
        return piece
