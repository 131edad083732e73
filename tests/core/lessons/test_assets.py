"""Files beside the lessons: type by content, size by header."""

import struct

import pytest

from elearn.core.lessons.assets import MAX_IMAGE, image_size, read_asset, sniff

JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 10  # APP0
    + b"\xff\xff\xd0"  # fill byte and a restart marker
    + b"\xff\xc4\x00\x04ab"  # Huffman table: not a frame
    + b"\xff\xc2\x00\x11\x08" + struct.pack(">HH", 480, 640) + b"\x03" * 10
)  # fmt: skip
GIF = b"GIF89a" + struct.pack("<HH", 120, 80) + b"\x00" * 6
VP8 = b"RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00\x00\x00\x00\x9d\x01\x2a" + struct.pack(
    "<HH", 0x4000 | 300, 200
)
VP8L = (
    b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f"
    + struct.pack("<I", 99 | 49 << 14)
    + b"\x00\x01"
)
VP8X = (
    b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00"
    + (1079).to_bytes(3, "little")
    + (719).to_bytes(3, "little")
)


@pytest.mark.parametrize(
    ("data", "mime", "size"),
    [
        (JPEG, "image/jpeg", (640, 480)), (GIF, "image/gif", (120, 80)),
        (VP8, "image/webp", (300, 200)), (VP8L, "image/webp", (100, 50)),
        (VP8X, "image/webp", (1080, 720)),
        (JPEG[:24], "image/jpeg", None), (b"\xff\xd8\xff\xd8\x00\x00", "image/jpeg", None),
        (GIF[:8], "image/gif", None), (VP8[:20], "image/webp", None),
        (b"GIF87a" + b"\x00" * 8, "image/gif", None),
        (VP8L.replace(b"VP8L", b"ALPH"), "image/webp", None),
    ],
)  # fmt: skip
def test_image_type_and_size(data: bytes, mime: str, size: tuple[int, int] | None) -> None:
    assert sniff(data) == mime
    assert image_size(data) == size


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"ID3\x04\x00", "audio/mpeg"), (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"), (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x01", "video/webm"), (b"<svg onload=x>", ""), (b"", ""), (b"\xff", ""),
    ],
)  # fmt: skip
def test_media_type(data: bytes, mime: str) -> None:
    assert sniff(data) == mime
    assert image_size(data) is None


def test_png_becomes_an_asset(small_png: bytes) -> None:
    asset, problems = read_asset("图.PNG", small_png, "c/图.PNG")
    assert problems == []
    assert asset is not None
    assert (asset.mime, len(asset.sha256), image_size(asset.data)) == ("image/png", 64, (3, 2))


@pytest.mark.parametrize(
    ("name", "data", "code", "error"),
    [
        ("a.svg", b"<svg/>", "L-file-unknown", False), ("无扩展名", b"x", "L-file-unknown", False),
        ("a.png", GIF, "L-file-type", True), ("a.mp3", b"hello", "L-file-type", True),
        ("a.gif", GIF + b"\x00" * MAX_IMAGE, "L-file-big", True),
    ],
)  # fmt: skip
def test_files_that_cannot_be_shown(name: str, data: bytes, code: str, error: bool) -> None:  # noqa: FBT001  a column of the table
    asset, [problem] = read_asset(name, data, f"c/{name}")
    assert asset is None
    assert (problem.code, problem.is_error, problem.file) == (code, error, f"c/{name}")
