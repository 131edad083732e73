"""What our Markdown adds: citations, boxes, figures and media, quiz slots, table regions."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor

from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.activities import ACTIVITY_NAMES, INNER_BOXES, STEP_ID
from elearn.core.lessons.assets import image_size
from elearn.core.lessons.links import ASSET_URL, CITATION
from elearn.core.lessons.model import Asset
from elearn.core.lessons.notes import NOTE_NAMES

_SLOT = re.compile("\ue000(quiz|task)(\\d+)\ue001")
_ALIGN = {"left": "left", "center": "center", "right": "right"}
_HEADINGS = ("h2", "h3", "h4")
_TARGET = re.compile(r"https?://|mailto:|tel:|/(?!/)|#", re.IGNORECASE)
_TASK = re.compile(r"\s*\[([ xX])\]\s+")
_BLOCKS = {"p", "ul", "ol", "div", "table", "pre", "blockquote", "details", "figure", "aside"}


class LessonExtension(Extension):
    """Wires the processors below into one Markdown instance."""

    def __init__(
        self, registry: LawRegistry, versions: dict[str, str], assets: dict[str, Asset]
    ) -> None:
        super().__init__()
        self.registry = registry
        self.versions = versions
        self.by_hash = {asset.sha256: asset for asset in assets.values()}

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  name given by Markdown
        """No HTML of the author's, no indented code, no underlined headings; ours added."""
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        md.parser.blockprocessors.deregister("code")
        md.parser.blockprocessors.deregister("setextheader")
        cite = CitationProcessor(CITATION.pattern, md, self.registry, self.versions)
        md.inlinePatterns.register(cite, "citation", 175)
        md.treeprocessors.register(LessonTree(md, self.by_hash), "lesson", 15)


class CitationProcessor(InlineProcessor):
    """`[[监察法#46]]` -> a link to the article; what does not resolve stays text."""

    def __init__(
        self, pattern: str, md: Markdown, registry: LawRegistry, versions: dict[str, str]
    ) -> None:
        super().__init__(pattern, md)
        self.registry = registry
        self.versions = versions

    def handleMatch(  # type: ignore[override]  # noqa: N802  the stub knows only the older Pattern API
        self,
        m: re.Match[str],
        data: str,  # noqa: ARG002  Markdown's signature
    ) -> tuple[ET.Element | str, int, int]:
        """The link element, or the text between the brackets."""
        citation = self.registry.resolve(m[1], self.versions).citation
        if citation is None:
            return m[1], m.start(0), m.end(0)
        article = citation.article.partition(".")[0]
        link = ET.Element("a")
        link.set("class", "cite")
        link.set(
            "href",
            f"/laws/{citation.law}?v={citation.version}" + (f"#{article}" if article else ""),
        )
        link.set("title", self.registry.label(citation))
        link.text = self.registry.label(citation, short=True)
        return link, m.start(0), m.end(0)


class LessonTree(Treeprocessor):
    """Works on the finished tree, before the table of contents is made."""

    def __init__(self, md: Markdown, assets: dict[str, Asset]) -> None:
        super().__init__(md)
        self.assets = assets
        self.tables = 0
        self.heading = ""

    def run(self, root: ET.Element) -> None:
        """One pass in document order, parents before children."""
        self._visit(root)

    def _visit(self, parent: ET.Element) -> None:
        for index, child in enumerate(list(parent)):
            replacement = self._replace(child)
            if replacement is not child:
                replacement.tail = child.tail
                child.tail = None
                parent[index] = replacement
            self._visit(child)

    def _replace(self, element: ET.Element) -> ET.Element:
        action: Callable[[ET.Element], ET.Element] | None = {
            "p": self._paragraph, "table": self._table, "a": self._link, "div": self._note,
            "details": self._note, "img": self._inline_image, "th": _cell, "td": _cell,
            "ul": _task_list,
        }.get(element.tag)  # fmt: skip
        if element.tag in _HEADINGS:
            self.heading = "".join(element.itertext()).strip()
        return action(element) if action else element

    def _paragraph(self, element: ET.Element) -> ET.Element:
        text = (element.text or "").strip()
        if len(element) == 0 and (match := _SLOT.fullmatch(text)):
            kind, number = match.groups()
            name = f"{kind}-{number}"
            return ET.Element("div", {"class": f"{kind}-slot", "id": name, f"data-{kind}": number})
        alone = len(element) == 1 and not text and not (element[0].tail or "").strip()
        if alone and element[0].tag == "img":
            return self._figure(element[0])
        return element

    def _asset(self, image: ET.Element) -> Asset | None:
        return self.assets.get((image.get("src") or "").removeprefix(ASSET_URL))

    def _figure(self, image: ET.Element) -> ET.Element:
        asset = self._asset(image)
        figure = ET.Element("figure")
        figure.append(self._media(image, asset))
        if asset and not asset.mime.startswith("image/"):
            figure.set("class", "media")
        caption = image.get("title") or ("" if figure.get("class") is None else image.get("alt"))
        if caption:
            ET.SubElement(figure, "figcaption").text = caption
        return figure

    def _inline_image(self, image: ET.Element) -> ET.Element:
        return self._media(image, self._asset(image))

    def _media(self, image: ET.Element, asset: Asset | None) -> ET.Element:
        alt = image.get("alt") or ""
        if asset is None:
            lost = ET.Element("span")
            lost.text = alt
            return lost
        source = image.get("src") or ""
        if asset.mime.startswith("image/"):
            attributes = {"src": source, "alt": alt, "loading": "lazy", "decoding": "async"}
            if size := image_size(asset.data):
                attributes |= {"width": str(size[0]), "height": str(size[1])}
            return ET.Element("img", attributes)
        tag = "audio" if asset.mime.startswith("audio/") else "video"
        attributes = {
            "src": source, "controls": "controls", "preload": "metadata", "aria-label": alt,
        }  # fmt: skip
        if tag == "video":
            attributes["playsinline"] = "playsinline"
        return ET.Element(tag, attributes)

    def _table(self, table: ET.Element) -> ET.Element:
        self.tables += 1
        name = f"表格 {self.tables}" + (f"：{self.heading}" if self.heading else "")
        region = ET.Element(
            "div", {"class": "table-scroll", "role": "region", "aria-label": name, "tabindex": "0"}
        )
        region.append(table)
        _row_headers(table)
        return region

    def _link(self, link: ET.Element) -> ET.Element:
        target = link.get("href") or ""
        if not _TARGET.match(target):
            link.attrib.pop("href", None)
        elif target.lower().startswith("http"):
            link.set("rel", "noopener noreferrer external")
        return link

    def _note(self, box: ET.Element) -> ET.Element:
        classes = (box.get("class") or "").split()
        if any(name in classes for name in (*ACTIVITY_NAMES, *INNER_BOXES)):
            return _activity(box, classes)
        kind = next((name for name in classes if name in NOTE_NAMES), "")
        if not kind:
            return box
        title = box[0]
        label = ET.Element("span", {"class": "note-kind"})
        label.text = NOTE_NAMES[kind]
        if (title.text or "").strip() != NOTE_NAMES[kind] or len(title):
            label.tail = " " + (title.text or "")
        title.text = None
        title.insert(0, label)
        box.set("class", f"note {kind}")
        if box.tag == "div":
            box.tag = "aside"
            title.set("class", "note-title")
        return box


def _activity(box: ET.Element, classes: list[str]) -> ET.Element:
    """An interactive block, or a box inside one; a step of a scenario gets its id."""
    title = box[0]
    if kind := next((name for name in classes if name in ACTIVITY_NAMES), ""):
        box.set("class", f"activity {kind}")
        label = ET.Element("span", {"class": "note-kind"})
        label.text = ACTIVITY_NAMES[kind]
        if (title.text or "").strip() != ACTIVITY_NAMES[kind]:
            label.tail = " " + (title.text or "")
        title.text = None
        title.insert(0, label)
        title.set("class", "note-title")
    elif "step" in classes:
        box.set("class", "step")
        box.set("id", next(name for name in classes if STEP_ID.fullmatch(name)))
        title.set("class", "step-name")
    return box


def _row_headers(table: ET.Element) -> None:
    """An empty corner means that the first column heads the rows."""
    rows = list(table.iter("tr"))
    corner = rows[0][0]
    if len(corner) or (corner.text or "").strip():
        return
    corner.tag = "td"
    for row in rows[1:]:
        row[0].tag = "th"
        row[0].set("scope", "row")


def _task_list(items: ET.Element) -> ET.Element:
    """`- [ ] 要做的事`: a box that shows and cannot be ticked, with the text as its label."""
    for item in items:
        holder = item[0] if len(item) and item[0].tag == "p" and not _text_of(item) else item
        if match := _TASK.match(holder.text or ""):
            _label_task(holder, (holder.text or "")[match.end() :], done=match[1] != " ")
            item.set("class", "task-list-item")
            items.set("class", "task-list")
    return items


def _label_task(holder: ET.Element, text: str, *, done: bool) -> None:
    label = ET.Element("label")
    box = ET.SubElement(label, "input", {"type": "checkbox", "disabled": "disabled"})
    if done:
        box.set("checked", "checked")
    box.tail = " " + text
    for child in list(holder):
        if child.tag in _BLOCKS:
            break
        holder.remove(child)
        label.append(child)
    holder.text = None
    holder.insert(0, label)


def _text_of(element: ET.Element) -> str:
    return (element.text or "").strip()


def _cell(cell: ET.Element) -> ET.Element:
    """Alignment as a class; header cells say what they head."""
    align = cell.attrib.pop("align", "")
    if align in _ALIGN:
        cell.set("class", f"align-{align}")
    if cell.tag == "th" and not cell.get("scope"):
        cell.set("scope", "col")
    return cell
