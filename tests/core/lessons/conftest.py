"""A small registry, and real files of a few bytes."""

import struct
import zlib

import pytest

from elearn.core.laws.registry import LawRegistry, parse_registry

LAWS = """
- short: 监察法
  code: SL
  title: 中华人民共和国监察法
  kind: LAW
  versions:
    - {version: 2018-03-20, articles: 69, status: AMENDED}
    - {version: 2024-12-25, articles: 78, status: IN_FORCE}
- short: 纪律处分条例
  code: DR
  title: 中国共产党纪律处分条例
  kind: PARTY_RULE
  versions: [{version: 2023-12-19, articles: 158, status: IN_FORCE}]
"""


def png(width: int, height: int) -> bytes:
    """A black PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = (b"\x00" + b"\x00" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.fixture(scope="session")
def registry() -> LawRegistry:
    """监察法 in two versions, 纪律处分条例 in one."""
    found, problems = parse_registry(LAWS, "laws.yaml")
    assert problems == []
    return found


@pytest.fixture(scope="session")
def small_png() -> bytes:
    """3 by 2 pixels."""
    return png(3, 2)
