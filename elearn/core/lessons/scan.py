"""One walk over the lines of a lesson: every problem with its place, quiz fences taken out, and
the lines rewritten so that what people type is what Markdown understands."""

import re
from dataclasses import dataclass, field

from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.activities import ACTIVITIES, Source, expand
from elearn.core.lessons.links import InlineScan
from elearn.core.lessons.model import Asset
from elearn.core.lessons.notes import NOTE_KINDS, NoteHeader, read_note
from elearn.core.lessons.tasks import TASK_FENCES, LessonTask, read_task
from elearn.core.problems import Problem
from elearn.core.questions.model import Citation
from elearn.core.questions.syntax import classify
from elearn.core.source_text import bad_characters, split_lines

QUIZ_MARK = "\ue000quiz{}\ue001"
TASK_MARK = "\ue000task{}\ue001"
_PRIVATE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ue000-\uf8ff]")
_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)")
_HEADING = re.compile(r"(?P<indent>[ \t]*)(?P<marks>#{1,6})(?P<gap>[ \t\u3000]*)(?P<text>.*)")
_BULLET = re.compile(r"[ \t]*(?:[-*+]|1[.)])[ \t]+\S")
_ANY_ITEM = re.compile(r"(?P<indent>[ \t]*)(?:[-*+]|\d{1,3}[.)])[ \t]+\S")
_RULE_ROW = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_FOOTNOTE_DEFINITION = re.compile(r" {0,3}\[\^([^\]]+)\]:")
_QUIZ_IN_TEXT = re.compile(r"(?:`{3,}|~{3,}|'{3,})[ \t]*(?:quiz|随堂题)", re.IGNORECASE)
_YEAR = re.compile(r"^(\d{4,})\.(?=\s)")  # `2024. 那一年` is no list item
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class QuizFence:
    """The text between the fence lines, and the line it starts on."""

    text: str
    first_line: int


@dataclass(slots=True)
class Scan:
    """The outcome. `lines` is Markdown for the renderer; quiz N and task N stand there as tokens.
    `tasks` are (task, line of its fence)."""

    lines: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    quizzes: list[QuizFence] = field(default_factory=list)
    tasks: list[tuple[LessonTask, int]] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    used_assets: set[str] = field(default_factory=set)


class _Fence:
    def __init__(self, match: re.Match[str], line: int) -> None:
        self.indent = len(match["indent"].expandtabs(4))
        self.mark = match["mark"]
        word, _, title = match["info"].strip("{}. ").replace("\u3000", " ").partition(" ")
        self.title = title.strip()
        self.quiz = word.lower() in ("quiz", "随堂题")
        self.activity = ACTIVITIES.get(word, "")
        self.task = TASK_FENCES.get(word)
        self.line = line
        self.content: list[str] = []

    @property
    def ours(self) -> bool:
        """Not code to be shown as it stands."""
        return self.quiz or bool(self.activity or self.task)

    def closed_by(self, raw: str) -> bool:
        bare = raw.strip()
        return len(bare) >= len(self.mark) and not bare.strip(self.mark[0])


class Scanner:
    """State of the walk."""

    def __init__(
        self, file: str, registry: LawRegistry, versions: dict[str, str], assets: dict[str, Asset]
    ) -> None:
        self.file = file
        self.out = Scan()
        self.inline = InlineScan(file, registry, versions, assets, self.out)
        self.fence: _Fence | None = None
        self.level = 1
        self.note: tuple[NoteHeader, int] | None = None
        self.ended = False
        self.previous = ""
        self.in_list = False
        self.activities = 0

    def problem(
        self, line: int, code: str, message: str, hint: str = "", column: int = 1,
        severity: str = "error",
    ) -> None:  # fmt: skip
        """A finding at a place."""
        self.out.problems.append(Problem(self.file, line, column, code, message, hint, severity))

    def walk(self, text: str, first_line: int) -> Scan:
        """All lines, then what is only known at the end."""
        lines = split_lines(text)
        self.out.problems += bad_characters(lines, self.file, first_line, "L-char")
        lines = [_PRIVATE.sub("", line) for line in lines]
        defined = {m[1] for line in lines if (m := _FOOTNOTE_DEFINITION.match(line))}
        self.inline.footnotes = defined
        for index, raw in enumerate(lines):
            following = lines[index + 1] if index + 1 < len(lines) else ""
            if self.fence:
                self._inside_fence(first_line + index, raw, self.fence)
            else:
                self._line(first_line + index, raw, following)
        if self.fence:
            hint = "在结尾另起一行写 " + self.fence.mark
            self.problem(self.fence.line, "L-fence-open", "这个围栏没有结束", hint)
            self._close_fence(self.fence)
        self.ended = True
        self._check_note_filled("")
        self.inline.check_footnotes()
        return self.out

    def _inside_fence(self, number: int, raw: str, fence: _Fence) -> None:
        if fence.closed_by(raw):
            self._close_fence(fence)
            if not fence.ours:
                self.out.lines += [" " * fence.indent + fence.mark, ""]
            self.fence = None
            self.previous = ""
            return
        body = raw.expandtabs(4)
        if body.strip() and len(body) - len(body.lstrip(" ")) < fence.indent:
            hint = f"围栏开头缩进了 {fence.indent} 格，里面每一行也要缩进"
            self.problem(number, "L-fence-indent", "围栏里的这一行缩进不够", hint)
            body = " " * fence.indent + body.lstrip(" ")
        fence.content.append(body[fence.indent :])
        if not fence.ours:
            self.out.lines.append(body)

    def _close_fence(self, fence: _Fence) -> None:
        if fence.quiz:
            self._close_quiz(fence)
        elif fence.activity:
            self._close_activity(fence)
        elif fence.task:
            task = read_task(fence.task, fence.title, fence.content, fence.line + 1, self.problem)
            token = TASK_MARK.format(len(self.out.tasks))
            self.out.tasks.append((task, fence.line))
            self.out.lines += ["", " " * fence.indent + token, ""]

    def _close_activity(self, fence: _Fence) -> None:
        self.activities += 1
        source = Source(
            fence.activity, fence.title, self.activities, fence.line, fence.content,
            self.inline.check, self.problem,
        )  # fmt: skip
        self.out.lines += [" " * fence.indent + line if line else "" for line in expand(source)]

    def _close_quiz(self, fence: _Fence) -> None:
        token = QUIZ_MARK.format(len(self.out.quizzes))
        self.out.quizzes.append(QuizFence("\n".join(fence.content), fence.line + 1))
        self.out.lines += ["", " " * fence.indent + token, ""]

    def _line(self, number: int, raw: str, following: str) -> None:
        self._check_note_filled(raw)
        if not raw.strip():
            self._emit("")
            self.in_list = False
        elif fence := _FENCE.fullmatch(raw):
            self._open_fence(number, fence)
        elif (header := read_note(raw)) is not None:
            self.in_list = False
            self._note(number, header)
        elif heading := self._heading_of(raw):
            self.in_list = False
            self._heading(number, heading)
        else:
            self._text(number, raw, following)

    def _open_fence(self, number: int, match: re.Match[str]) -> None:
        self.fence = _Fence(match, number)
        if not self.fence.ours:
            self._emit(" " * self.fence.indent + self.fence.mark, apart=True)

    def _note(self, number: int, header: NoteHeader) -> None:
        if not header.known:
            hint = "可写：" + "、".join(NOTE_KINDS) + '，如 !!! 案例 "标题"'
            column = len(header.indent) + 1
            self.problem(number, "L-note-kind", f"不认识的提示框“{header.kind}”", hint, column)
        self.inline.check(number, 1, header.title)
        self.note = (header, number)
        self._emit(header.as_markdown(), apart=True)

    def _check_note_filled(self, raw: str) -> None:
        """The first line under a header must be indented, or the box is empty."""
        if self.note is None:
            return
        if not raw.strip() and not self.ended:
            return
        header, number = self.note
        self.note = None
        needed = len(header.indent.expandtabs(4)) + 4
        body = raw.expandtabs(4)
        if not raw.strip() or len(body) - len(body.lstrip(" ")) < needed:
            hint = f"内容紧接着写在下一行，每行缩进 {needed} 个空格"
            self.problem(number, "L-note-empty", "提示框里没有内容", hint)

    def _heading_of(self, raw: str) -> re.Match[str] | None:
        """`## 标题`, also without the blank; a single # without a blank is text (#话题#)."""
        match = _HEADING.fullmatch(raw)
        if match and (match["gap"] or len(match["marks"]) > 1) and match["text"].strip("# "):
            return match
        return None

    def _heading(self, number: int, match: re.Match[str]) -> None:
        level = len(match["marks"])
        column = len(match["indent"]) + 1
        if level == 1:
            hint = "改成 ## ；一级标题就是文件头里的“名称”"
            self.problem(number, "L-heading-top", "正文里不写一级标题 #", hint, column)
        elif level > _DEEPEST:
            self.problem(number, "L-heading-deep", "标题最多用到四级 ####", "减少层次", column)
        elif level > self.level + 1:
            message = (
                f"标题从 {'#' * self.level} 跳到了 {'#' * level}"
                if self.level > 1
                else "第一个标题应是 ##"
            )
            self.problem(
                number, "L-heading-skip", message, f"改成 {'#' * (self.level + 1)}", column
            )
        self.level = min(max(level, 2), _DEEPEST)
        text = self.inline.check(number, match.start("text") + 1, match["text"])
        self._emit(f"{match['indent']}{'#' * self.level} {text}", apart=True)

    def _text(self, number: int, raw: str, following: str) -> None:
        self._check_item(number, raw)
        if item := _ANY_ITEM.match(raw):
            indent = len(item["indent"].expandtabs(4))
            if indent % 4 and self.in_list:
                hint = "下级列表比上级多缩进 4 个空格"
                self.problem(
                    number, "L-list-indent", "这一项的缩进不是 4 的倍数", hint, severity="warning"
                )
            apart = bool(_BULLET.match(raw)) and not self.in_list
            self.in_list = self.in_list or apart or not self.previous
        else:
            apart = self._starts_table(raw, following)
        indent_text = raw[: len(raw) - len(raw.lstrip(" \t"))]
        content = raw[len(indent_text) :]
        trimmed = content.lstrip("\u3000")
        column = len(raw) - len(trimmed) + 1
        text = self.inline.check(number, column, trimmed)
        if text.startswith("#"):
            text = "\\" + text
        text = _YEAR.sub(r"\1\\.", text)
        self._emit(indent_text + text, apart=apart)

    def _check_item(self, number: int, raw: str) -> None:
        """An item outside a fence would show its answer to everybody."""
        mark = classify(raw.lstrip(" \t>-*"))
        if mark.kind in ("item", "sub") or _QUIZ_IN_TEXT.search(raw):
            hint = "前面单独一行写 ```quiz，后面单独一行写 ```，都顶格"
            self.problem(number, "L-item-outside", "题目要写在随堂题围栏里，否则答案会露出来", hint)

    def _starts_table(self, raw: str, following: str) -> bool:
        is_table = "|" in raw and "|" in following and bool(_RULE_ROW.fullmatch(following))
        return is_table and "|" not in self.previous

    def _emit(self, line: str, *, apart: bool = False) -> None:
        """Append a line, with a blank one before when it must not run into a paragraph."""
        if apart and self.previous.strip():
            self.out.lines.append("")
        self.out.lines.append(line)
        self.previous = line
