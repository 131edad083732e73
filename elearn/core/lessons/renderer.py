"""Lesson Markdown -> safe HTML, with every problem located."""

import html
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nh3
from markdown import Markdown
from pymdownx.slugs import slugify

from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.activities import ACTIVITY_NAMES, INNER_BOXES
from elearn.core.lessons.markdown_ext import LessonExtension
from elearn.core.lessons.model import Asset, TocEntry
from elearn.core.lessons.notes import NOTE_NAMES
from elearn.core.lessons.scan import QUIZ_MARK, TASK_MARK, QuizFence, Scanner
from elearn.core.lessons.tasks import TASK_NAMES, LessonTask
from elearn.core.problems import Problem
from elearn.core.questions.model import Citation

MAX_CHARACTERS = 60_000
MAX_BRACKETS = 1_000  # Markdown takes quadratic time over brackets that do not close
_SLUG = slugify(case="lower")
_NOTES = {"note", *NOTE_NAMES}
_ALIGN = {"align-left", "align-center", "align-right"}
_TAGS = set(
    "p br hr h2 h3 h4 strong em del code pre blockquote ul ol li a img figure figcaption audio "
    "video table thead tbody tr th td div aside details summary span sup input label dl dt dd".split()
)
_ATTRIBUTES = {
    "a": {"href", "title", "rel", "id", "role"},
    "img": {"src", "alt", "title", "width", "height", "loading", "decoding"},
    "audio": {"src", "controls", "preload", "aria-label"},
    "video": {"src", "controls", "preload", "aria-label", "playsinline"},
    "div": {"id", "data-quiz", "data-task", "role", "aria-label", "tabindex"},
    "h2": {"id"}, "h3": {"id"}, "h4": {"id"}, "li": {"id"}, "sup": {"id"},
    "th": {"scope"}, "details": {"open"}, "ol": {"start"},
    "input": {"checked", "disabled"},
}  # fmt: skip
_CLASSES = {
    "a": {"cite", "footnote-ref", "footnote-backref"},
    "div": {"quiz-slot", "task-slot", "table-scroll", "footnote", "activity", "step", *ACTIVITY_NAMES},
    "aside": _NOTES, "details": _NOTES | set(INNER_BOXES), "p": {"note-title", "step-name"}, "span": {"note-kind"},
    "figure": {"media"}, "th": _ALIGN, "td": _ALIGN,
    "ul": {"task-list"}, "li": {"task-list-item"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rendered:
    """`html` holds a `quiz-slot` div per entry of `quizzes` and a `task-slot` div per entry of
    `tasks`; `used_assets` are file names."""

    html: str
    toc: tuple[TocEntry, ...] = ()
    quizzes: tuple[QuizFence, ...] = ()
    tasks: tuple[LessonTask, ...] = ()
    citations: tuple[Citation, ...] = ()
    used_assets: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = field(default=())


def render_lesson(
    text: str,
    file: str,
    first_line: int,
    registry: LawRegistry,
    versions: Mapping[str, str] | None = None,
    assets: Mapping[str, Asset] | None = None,
) -> Rendered:
    """The body of a lesson or of course.md; `first_line` is where it starts in the file.

    The HTML is safe to show even when there are problems.
    """
    if too_big := _too_big(text):
        problem = Problem(file, first_line, 1, "L-long", too_big, "拆成几节")
        return Rendered("", problems=(problem,))
    by_name = dict(assets or {})
    chosen = dict(versions or {})
    scan = Scanner(file, registry, chosen, by_name).walk(text, first_line)
    problems = scan.problems
    try:
        raw, toc = _convert("\n".join(scan.lines), registry, chosen, by_name)
    except RecursionError:
        problems.append(Problem(file, first_line, 1, "L-deep", "列表或引用嵌套太深", "减少层次"))
        return Rendered("", problems=tuple(sorted(problems)))
    clean = sanitise(raw)
    slots = [("随堂题", QUIZ_MARK, "quiz", quiz.first_line - 1) for quiz in scan.quizzes]
    slots += [(TASK_NAMES[task.kind], TASK_MARK, "task", line) for task, line in scan.tasks]
    numbers = Counter[str]()
    for name, mark, kind, line in slots:
        number = numbers[kind]
        numbers[kind] += 1
        clean = clean.replace(mark.format(number), "")
        if f'data-{kind}="{number}"' not in clean:
            message, hint = f"{name}不能放在这个位置", f"{name}围栏顶格写，前后空一行"
            problems.append(Problem(file, line, 1, "L-quiz-place", message, hint))
    tasks = tuple(task for task, _ in scan.tasks)
    return Rendered(
        clean, toc, tuple(scan.quizzes), tasks, tuple(dict.fromkeys(scan.citations)),
        frozenset(scan.used_assets), tuple(sorted(problems)),
    )  # fmt: skip


def _too_big(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        return f"正文有 {len(text)} 个字符，超过 {MAX_CHARACTERS}"
    if text.count("[") > MAX_BRACKETS:
        return f"正文有 {text.count('[')} 个方括号，超过 {MAX_BRACKETS}"
    return ""


def sanitise(raw: str) -> str:
    """The allow-list: nothing but the tags and attributes our own Markdown makes."""
    return nh3.clean(
        raw,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        tag_attribute_values={"input": {"type": {"checkbox"}}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )


def _convert(
    source: str, registry: LawRegistry, versions: dict[str, str], assets: dict[str, Asset]
) -> tuple[str, tuple[TocEntry, ...]]:
    """One Markdown instance per text: they keep state and are not thread-safe."""
    configs: dict[str, dict[str, Any]] = {
        "toc": {"slugify": _anchor, "toc_depth": "2-4", "marker": ""},
        "tables": {"use_align_attribute": True},
        "footnotes": {"BACKLINK_TITLE": "回到正文脚注 {}", "BACKLINK_TEXT": "↩︎"},
        "pymdownx.highlight": {"use_pygments": False},
    }
    md = Markdown(
        extensions=[
            "tables", "footnotes", "admonition", "nl2br", "sane_lists", "toc",
            "pymdownx.details", "pymdownx.superfences", "pymdownx.highlight",
            LessonExtension(registry, versions, assets),
        ],
        extension_configs=configs,
        output_format="html",
    )  # fmt: skip
    return md.convert(source), tuple(_flatten(getattr(md, "toc_tokens", [])))


def _anchor(text: str, separator: str) -> str:
    """Chinese kept; prefixed, so that no heading can take the id of a part of the page."""
    return f"s-{_SLUG(text, separator)}"


def _flatten(tokens: Iterable[dict[str, Any]]) -> Iterable[TocEntry]:
    for token in tokens:
        yield TocEntry(token["level"], token["id"], html.unescape(token["name"]))
        yield from _flatten(token["children"])
