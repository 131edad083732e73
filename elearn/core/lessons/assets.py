"""Files beside the lessons: what they are by their first bytes, and the size of images."""

import hashlib
import struct

from elearn.core.lessons.model import Asset
from elearn.core.problems import Problem

IMAGE_TYPES = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp",
    "gif": "image/gif",
}  # fmt: skip
AUDIO_TYPES = {"mp3": "audio/mpeg", "m4a": "audio/mp4"}
VIDEO_TYPES = {"mp4": "video/mp4", "webm": "video/webm"}
MIME_TYPES = IMAGE_TYPES | AUDIO_TYPES | VIDEO_TYPES
MAX_IMAGE = 2 * 1024 * 1024
MAX_MEDIA = 200 * 1024 * 1024

_FRAME_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE_MARKERS = {0x01, 0xFF, *range(0xD0, 0xD8)}


def read_asset(name: str, data: bytes, file: str) -> tuple[Asset | None, list[Problem]]:
    """The asset, or why the file cannot be shown; `file` is the name for the problem."""
    extension = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    mime = MIME_TYPES.get(extension)
    if mime is None:
        hint = "可用 png、jpg、webp、gif、mp3、m4a、mp4、webm；别的文件请移出课程文件夹"
        return None, [
            Problem(file, 0, 0, "L-file-unknown", "这种文件不能放在课程里", hint, "warning")
        ]
    limit = MAX_IMAGE if mime.startswith("image/") else MAX_MEDIA
    if len(data) > limit:
        size = f"{len(data) / 1048576:.1f} MB"
        message = f"文件有 {size}，超过 {limit // 1048576} MB"
        return None, [Problem(file, 0, 0, "L-file-big", message, "压缩后再放")]
    real = sniff(data)
    if real != mime:
        message = f"文件内容不是 {extension}" + (f"，而是 {real}" if real else "")
        return None, [Problem(file, 0, 0, "L-file-type", message, "重新导出，不要只改扩展名")]
    return Asset(name, mime, data, hashlib.sha256(data).hexdigest()), []


def sniff(data: bytes) -> str:
    """The MIME type the first bytes speak of, "" for none of ours."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"
    if data[4:8] == b"ftyp":
        return "audio/mp4" if data[8:11] in (b"M4A", b"M4B") else "video/mp4"
    if data.startswith(b"ID3") or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2):
        return "audio/mpeg"
    return ""


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels from the header, None when it cannot be read."""
    try:
        size = _size_of(data)
    except (struct.error, IndexError):
        return None
    return size if size and all(0 < side <= 65_535 for side in size) else None


def _size_of(data: bytes) -> tuple[int, int] | None:
    kind = sniff(data)
    if kind == "image/png":
        return struct.unpack(">II", data[16:24])
    if kind == "image/gif":
        return struct.unpack("<HH", data[6:10])
    if kind == "image/jpeg":
        return _jpeg_size(data)
    if kind == "image/webp":
        return _webp_size(data)
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Walk the segments up to the first start-of-frame (ITU-T T.81 B.1)."""
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 1 if marker == 0xFF else 2
        if marker not in _BARE_MARKERS:
            at += int(struct.unpack(">H", data[at : at + 2])[0])
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """VP8X, VP8L or VP8 chunk (RFC 9649)."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if chunk == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None
