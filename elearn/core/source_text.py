"""From the bytes of a trainer's file to lines of text, and the front matter cut off the top."""

import re
from dataclasses import dataclass

from elearn.core.problems import Problem

_LINE_END = re.compile(r"\r\n|\r|\n")
_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD])
_FULL_TO_HALF = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20, 0x00A0: 0x20, 0x09: 0x20}
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd\ue000-\uf8ff\u2e80-\u2fdf]")
_KEY_LINE = re.compile(r"^(\s*(?:-\s+)?[^\s:：\"'#\[\]{},-][^:：\"'#\[\]{},]*?)：\s*")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The YAML between the two `---` lines, ready to parse, and where it starts.

    `body_line` is the number of the first line after it. `present` is False when the file has
    no front matter; `closed` is False when the second `---` is missing.
    """

    yaml: str
    first_line: int
    body_line: int
    present: bool = True
    closed: bool = True


def decode_text(data: bytes, file: str, code: str = "Q-encoding") -> tuple[str, list[Problem]]:
    """UTF-8 with or without BOM; anything else is refused with the way to mend it.

    Returns the text without BOM ("" when it cannot be read).
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "", [_refusal(file, 0, code, "这个文件是 UTF-16 编码（记事本里叫“Unicode”）")]
    body = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
    if _is_gb18030(body):
        return "", [_refusal(file, line, code, "这个文件是 GBK/GB18030 编码")]
    return "", [_refusal(file, line, code, "这一行有不是 UTF-8 的字节")]


def _refusal(file: str, line: int, code: str, message: str) -> Problem:
    hint = "用记事本、WPS 或 VS Code 打开，“另存为”时编码选 UTF-8"
    return Problem(file, line, 1 if line else 0, code, message, hint)


def _is_gb18030(data: bytes) -> bool:
    """True when the bytes read as GB18030 and give common Chinese characters."""
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return any("\u4e00" <= char <= "\u9fff" for char in text) and not _BAD.search(text)


def split_lines(text: str) -> list[str]:
    """Lines without their ends, whatever the ends are; BOM and invisible characters dropped."""
    return [line.translate(_INVISIBLE).rstrip() for line in _LINE_END.split(text)]


def fold(line: str) -> str:
    """Full-width ASCII to half-width, odd spaces to a space; the same length as the input, so
    that positions in the folded line are positions in the line."""
    return line.translate(_FULL_TO_HALF)


def one_line(text: str) -> str:
    """Trimmed, runs of blanks (ideographic ones too) made one space."""
    return " ".join(text.replace("\u3000", " ").split())


def bad_characters(lines: list[str], file: str, first_line: int, code: str) -> list[Problem]:
    """Control characters, private-use characters, and radicals that only look like ideographs
    (they come with text copied from PDF and cannot be found by searching)."""
    found = []
    for number, line in enumerate(lines, first_line):
        if match := _BAD.search(line):
            char = match.group()
            shown = char if char.isprintable() else f"U+{ord(char):04X}"
            message = f"有看起来正常、其实不是汉字的字符“{shown}”（U+{ord(char):04X}）"
            hint = "多半是从 PDF 复制来的，请把这个字重新打一遍"
            found.append(Problem(file, number, match.start() + 1, code, message, hint))
    return found


def cut_front_matter(lines: list[str]) -> FrontMatter:
    """Find the `---` … `---` at the top (blank lines before it are allowed)."""
    start = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    if start == len(lines) or fold(lines[start]).strip() != "---":
        return FrontMatter("", 1, 1, present=False)
    for end in range(start + 1, len(lines)):
        if fold(lines[end]).strip() == "---":
            yaml = "\n".join(_half_width_colon(line) for line in lines[start + 1 : end])
            return FrontMatter(yaml, start + 2, end + 2)
    return FrontMatter("", start + 2, len(lines) + 1, closed=False)


def _half_width_colon(line: str) -> str:
    """`主题：DIS-04` is what people type; YAML wants `主题: DIS-04`."""
    return _KEY_LINE.sub(lambda match: f"{match.group(1)}: ", line, count=1)
