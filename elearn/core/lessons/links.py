"""What stands inside a line: citations, links, pictures, footnotes, raw HTML."""

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

from elearn.core.field_reader import nearest
from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.assets import MIME_TYPES
from elearn.core.lessons.model import Asset
from elearn.core.problems import Problem

if TYPE_CHECKING:
    from elearn.core.lessons.scan import Scan

ASSET_URL = "/content-assets/"
CITATION = re.compile(r"(?<!\\)\[\[([^\[\]\n]+)\]\]")

_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_IMAGE = re.compile(r"(?<!\\)!\[([^\]]*)\]\(((?:[^()]|\([^()]*\))*)\)")
_LINK = re.compile(r"(?<!\\)\]\(\s*<?((?:[^()\s<>]|\([^()]*\))*)")
_REFERENCE = re.compile(r"\s{0,3}\[(?!\^)[^\]]+\]:\s*<?(\S*?)>?(?:\s|$)")
_AUTOLINK = re.compile(r"<(?:https?://[^\s<>]+|[^\s<>@]+@[^\s<>@]+\.[a-z]+)>", re.IGNORECASE)
_POINTED = re.compile(r"\]\(\s*<[^<>]*>")
_HTML = re.compile(r"<(?:[A-Za-z/!?])[^<>]*>?")
_FOOTNOTE = re.compile(r"(?<!\\)\[\^([^\]\s]+)\](:?)")
_TARGET = re.compile(
    r"\s*(?:<(?P<pointed>[^<>]*)>|(?P<bare>.*?))\s*(?:[\"“”'](?P<title>.*)[\"“”'])?\s*"
)
_WIDE = re.compile(r"[!！]\[[^\]]*\]\s*（|！\[[^\]]*\]\(|\]\s*（\s*https?:")
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]*)\s*:", re.IGNORECASE)
_SAFE_SCHEMES = {"http", "https", "mailto", "tel"}


class InlineScan:
    """Checks the text of one line at a time; `footnotes` are the labels defined in the file."""

    def __init__(
        self,
        file: str,
        registry: LawRegistry,
        versions: dict[str, str],
        assets: dict[str, Asset],
        out: "Scan",
    ) -> None:
        self.file = file
        self.registry = registry
        self.versions = versions
        self.assets = assets
        self.out = out
        self.footnotes: set[str] = set()
        self.called: dict[str, tuple[int, int]] = {}

    def check(self, line: int, column: int, text: str) -> str:
        """Note what is wrong; returns the text with pictures pointing at their content."""
        masked = _CODE.sub(_blank, text)
        self._line, self._column = line, column
        self._citations(masked)
        self._footnotes(masked)
        self._html(masked)
        self._links(masked)
        self._wide_brackets(masked)
        return self._images(text, masked)

    def check_footnotes(self) -> None:
        """Called but nowhere defined."""
        for label, (line, column) in self.called.items():
            if label not in self.footnotes:
                message = f"脚注 [^{label}] 没有内容"
                hint = f"在文末写一行“[^{label}]: …”"
                self.out.problems.append(
                    Problem(self.file, line, column, "L-footnote", message, hint)
                )

    def _note(self, at: int, code: str, message: str, hint: str = "") -> None:
        self.out.problems.append(
            Problem(self.file, self._line, self._column + at, code, message, hint)
        )

    def _citations(self, masked: str) -> None:
        for match in CITATION.finditer(masked):
            resolution = self.registry.resolve(match[1], self.versions)
            if finding := resolution.finding:
                column = self._column + match.start()
                self.out.problems.append(finding.at(self.file, self._line, column))
            if resolution.citation:
                self.out.citations.append(resolution.citation)
        rest = CITATION.sub(_blank, masked)
        if (at := rest.replace("\\[", "\x00\x00").find("[[")) >= 0:
            hint = "写成 [[监察法#46]]，两边各两个方括号"
            self._note(at, "Q-citation-form", "引用法条的方括号没有写完整", hint)

    def _footnotes(self, masked: str) -> None:
        for match in _FOOTNOTE.finditer(masked):
            is_definition = match[2] and not masked[: match.start()].strip()
            if not is_definition:
                self.called.setdefault(match[1], (self._line, self._column + match.start()))

    def _html(self, masked: str) -> None:
        rest = _AUTOLINK.sub(_blank, _POINTED.sub(_blank, masked))
        if match := _HTML.search(rest):
            shown = match.group()[:20]
            hint = "正文只用 Markdown，HTML 不会起作用；要显示尖括号时放进反引号"
            self._note(match.start(), "L-html", f"正文里有 HTML：{shown}", hint)

    def _links(self, masked: str) -> None:
        found = [(m.start(1), m[1]) for m in _LINK.finditer(_IMAGE.sub(_blank, masked))]
        if reference := _REFERENCE.match(masked):
            found.append((reference.start(1), reference[1]))
        for at, target in found:
            self._link(at, target)

    def _link(self, at: int, target: str) -> None:
        scheme = _SCHEME.match(unquote(target))
        if scheme and scheme[1].lower() not in _SAFE_SCHEMES:
            message = f"链接不能用 {scheme[1]}:"
            self._note(
                at, "L-link-scheme", message, "链接只能是 http、https、mailto、tel 开头的地址"
            )
        elif not scheme and (not target.startswith(("/", "#")) or target.startswith("//")):
            hint = "外部网址以 https:// 开头；图片、音频、视频用 ![…](…)"
            self._note(at, "L-link-target", f"链接“{target}”打不开", hint)

    def _wide_brackets(self, masked: str) -> None:
        if match := _WIDE.search(masked):
            hint = "写成 ![说明](文件名) 或 [文字](https://…)"
            self._note(match.start(), "L-brackets", "图片和链接要用英文的括号和叹号", hint)

    def _images(self, text: str, masked: str) -> str:
        done = 0
        result = ""
        for match in _IMAGE.finditer(masked):
            alt, inner = text[match.start(1) : match.end(1)], text[match.start(2) : match.end(2)]
            result += text[done : match.start()] + self._image(match.start(), alt.strip(), inner)
            done = match.end()
        return result + text[done:]

    def _image(self, at: int, alt: str, inner: str) -> str:
        match = _TARGET.fullmatch(inner)
        assert match is not None  # noqa: S101  every group of the pattern is optional
        name = unicodedata.normalize("NFC", unquote(match["pointed"] or match["bare"] or ""))
        title = (match["title"] or "").replace('"', "”")
        if not alt:
            hint = "方括号里写图里有什么，看不到图的人靠它"
            self._note(at, "L-image-alt", f"“{name}”没有文字说明", hint)
        asset = self.assets.get(name.removeprefix("./"))
        if asset is None:
            self._missing(at, name)
            return alt
        self.out.used_assets.add(asset.name)
        return f"![{alt}]({ASSET_URL}{asset.sha256}" + (f' "{title}")' if title else ")")

    def _missing(self, at: int, name: str) -> None:
        if _SCHEME.match(name) or name.startswith("//"):
            hint = "把文件存进课程文件夹，写文件名"
            self._note(at, "L-image-outside", "图片、音频、视频不能引用外部地址", hint)
            return
        like = nearest(name, self.assets, 0.6)
        if name.rsplit(".", 1)[-1].lower() not in MIME_TYPES:
            hint = "可用 png、jpg、webp、gif、mp3、m4a、mp4、webm"
        elif like:
            hint = f"是不是“{like}”？"
        else:
            hint = "把文件放进课程文件夹，或改文件名"
        self._note(at, "L-image-missing", f"课程文件夹里没有可用的“{name}”", hint)


def _blank(match: re.Match[str]) -> str:
    return "\x00" * len(match.group())
