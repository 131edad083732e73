"""A raw unit -> Part: stem, options and the answer, checked against each other."""

import re

from elearn.core.field_reader import to_hundredths
from elearn.core.problems import Problem
from elearn.core.questions.blocks import RawField, RawUnit
from elearn.core.questions.model import TYPE_NAMES, Part, QuestionType, RubricPoint
from elearn.core.questions.syntax import PART_FIELDS, TextLine
from elearn.core.questions.texts import comparable, split_escaped, unwrap, without_tail
from elearn.core.source_text import fold, one_line

TRUE_WORDS = {"对", "正确", "√", "✓", "✔", "T", "TRUE"}
FALSE_WORDS = {"错", "错误", "×", "✗", "✘", "✕", "F", "FALSE"}
TRUE_FALSE_OPTIONS = ("对", "错")
BLANK = "____"
MAX_OPTIONS = 8

_BLANK_RUN = re.compile(r"[_＿]{3,}")
_ORDER_FIXED = "固定"
_HTML = re.compile(
    r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>|<!--|&(?:[a-z]{2,8}|#x?[0-9a-f]{2,6});"
)
_URL = re.compile(r"https?://|\bwww\.[a-z0-9]|\]\([^)]*\)", re.IGNORECASE)
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)|【图|\[图片?\]|［图")
_POINTS = re.compile(r"\(\s*([0-9.]+)\s*分\s*\)\s*[;。,.]?\s*$")
_BULLET = re.compile(r"\s*(?:[-*•·●]|\d{1,2}[.、)]|\(\d{1,2}\))\s*")


class PartReader:
    """Builds the part of one unit; every problem goes to `problems` with its place."""

    def __init__(self, unit: RawUnit, file: str, problems: list[Problem]) -> None:
        self.unit = unit
        self.file = file
        self.problems = problems
        self.fields = self._unique_fields()

    def problem(self, line: int, code: str, message: str, hint: str = "", column: int = 1) -> None:
        """An error at a place of the file."""
        self.problems.append(Problem(self.file, line, column, code, message, hint))

    def read(self) -> Part:
        """The part; only usable when no problem was noted."""
        kind = self.unit.type
        stem = self.prose(self.unit.text, "题干")
        if not stem:
            self.problem(self.unit.line, "Q-stem-empty", "没有题干", "题干写在题型后面")
        options, fixed = self._options(), self._fixed()
        explanation = self.explanation()
        if kind in (QuestionType.SINGLE, QuestionType.MULTI):
            key = self._letters(options)
            return Part(kind, stem, options, key, explanation=explanation, fixed_order=fixed)
        self._no_options(fixed=fixed)
        if kind is QuestionType.TRUE_FALSE:
            return Part(kind, stem, TRUE_FALSE_OPTIONS, self._verdict(), explanation=explanation)
        if kind is QuestionType.BLANK:
            stem = _BLANK_RUN.sub(BLANK, stem)
            return Part(kind, stem, blanks=self._blanks(stem), explanation=explanation)
        reference = self._reference()
        rubric = self._rubric()
        return Part(kind, stem, reference=reference, rubric=rubric, explanation=explanation)

    def explanation(self) -> str:
        """The text of 解析, "" when there is none (a problem, unless the caller is a case)."""
        found = self.fields.get("解析")
        text = self.prose(found.lines, "解析") if found else ""
        if not text and self.unit.type is not QuestionType.CASE:
            line = found.line if found else self.unit.line
            hint = "加一行“解析：为什么对，每个错的为什么错”"
            self.problem(line, "Q-explanation-missing", "没有解析", hint)
        return text

    def prose(self, lines: list[TextLine], what: str) -> str:
        """Several lines as one text: trimmed, at most one blank line between paragraphs."""
        for piece in lines:
            self._forbidden(piece, what)
        text = "\n".join(one_line(piece.text) for piece in lines)
        return re.sub(r"\n{3,}", "\n\n", text).strip("\n")

    def _forbidden(self, piece: TextLine, what: str) -> None:
        checks = (
            (_IMAGE, "Q-image", f"{what}里不能放图片", "用文字描述；有图的内容放进课文"),
            (_URL, "Q-url", f"{what}里不能放网址或链接", "删去；出处写在“依据：”里"),
            (_HTML, "Q-html", f"{what}里有 HTML 写法，不会显示", "删去；要加粗时写 **文字**"),
        )
        for pattern, code, message, hint in checks:
            if match := pattern.search(piece.text):
                self.problem(piece.line, code, message, hint, piece.column + match.start())
                return
        if piece.text.count("**") % 2:
            at = piece.column + piece.text.rindex("**")
            self.problem(piece.line, "Q-bold", "加粗的 ** 没有成对", "写成 **文字**", at)

    def _unique_fields(self) -> dict[str, RawField]:
        found: dict[str, RawField] = {}
        for raw in self.unit.fields:
            if raw.name not in PART_FIELDS:
                continue
            if raw.name in found:
                message = f"“{raw.name}：”写了两次（上一次在第 {found[raw.name].line} 行）"
                self.problem(raw.line, "Q-field-twice", message, "只留一行", raw.column)
            else:
                found[raw.name] = raw
        return found

    def _options(self) -> tuple[str, ...]:
        texts: list[str] = []
        for index, option in enumerate(self.unit.options):
            text = unwrap(option)
            for piece in option.lines:
                self._forbidden(piece, "选项")
            expected = chr(ord("A") + index)
            if option.letter != expected:
                message = f"选项应从 A 起按顺序写：这里应是 {expected}，现在是 {option.letter}"
                self.problem(option.line, "Q-option-order", message)
            if not text:
                self.problem(option.line, "Q-option-empty", f"选项 {option.letter} 没有内容")
            elif comparable(text) in {comparable(other) for other in texts}:
                message = f"选项 {option.letter} 和前面的选项一样"
                self.problem(option.line, "Q-option-twice", message, "改写其中一个")
            texts.append(text)
        return tuple(texts)

    def _fixed(self) -> bool:
        found = self.fields.get("选项")
        if found is None:
            return False
        if one_line(found.lines[0].text) != _ORDER_FIXED:
            hint = "只能写“选项：固定”，表示选项不打乱"
            self.problem(found.line, "Q-field-value", "“选项：”后面的写法不对", hint)
        return True

    def _no_options(self, *, fixed: bool) -> None:
        name = TYPE_NAMES[self.unit.type]
        if self.unit.options:
            line = self.unit.options[0].line
            self.problem(line, "Q-option-extra", f"{name}题不写选项", "删去选项，或改题型")
        if fixed:
            line = self.fields["选项"].line
            self.problem(line, "Q-option-extra", f"{name}题没有选项，不用写“选项：固定”")

    def _answer(self) -> tuple[str, int, int]:
        """Text, line and column of the answer; text "" when missing (a problem then)."""
        found = self.fields.get("答案")
        name = "参考答案" if self.unit.type is QuestionType.SHORT_ANSWER else "答案"
        if found is None:
            self.problem(self.unit.line, "Q-key-missing", "没有答案", f"加一行“{name}：…”")
            return "", self.unit.line, 1
        first = found.lines[0]
        text = one_line(first.text)
        if not text and self.unit.type is not QuestionType.SHORT_ANSWER:
            self.problem(found.line, "Q-key-missing", f"“{name}：”后面是空的")
        return text, found.line, first.column

    def _letters(self, options: tuple[str, ...]) -> tuple[int, ...]:
        self._option_count(options)
        text, line, column = self._answer()
        letters = re.sub(r"[\s,、.;。]", "", fold(text)).upper()
        if not letters:
            return ()
        if not re.fullmatch(r"[A-Z]+", letters):
            hint = "单选写一个字母，多选写几个字母，如“答案：ABD”"
            self.problem(line, "Q-key-form", f"答案“{text}”里有字母以外的内容", hint, column)
            return ()
        if len(set(letters)) < len(letters):
            self.problem(line, "Q-key-twice", f"答案“{letters}”里有重复的字母", column=column)
        key = tuple(sorted({ord(letter) - ord("A") for letter in letters}))
        beyond = [chr(ord("A") + index) for index in key if index >= len(options)]
        if beyond and options:
            message = f"答案里的 {'、'.join(beyond)} 没有对应的选项"
            self.problem(
                line, "Q-key-option", message, f"选项只到 {chr(64 + len(options))}", column
            )
        self._key_count(key, line, column)
        return key

    def _option_count(self, options: tuple[str, ...]) -> None:
        line = self.unit.options[0].line if options else self.unit.line
        least = 3 if self.unit.type is QuestionType.MULTI else 2
        if not options:
            hint = "选项各占一行，写成“A. …”，放在“解析：”前面"
            self.problem(line, "Q-option-missing", "没有选项", hint)
        elif len(options) < least:
            name = TYPE_NAMES[self.unit.type]
            self.problem(line, "Q-option-few", f"{name}题至少要 {least} 个选项")
        elif len(options) > MAX_OPTIONS:
            self.problem(line, "Q-option-many", f"选项最多 {MAX_OPTIONS} 个（A 到 H）")

    def _key_count(self, key: tuple[int, ...], line: int, column: int) -> None:
        if self.unit.type is QuestionType.SINGLE and len(key) > 1:
            hint = "只留一个字母，或把题型改成【多选】"
            self.problem(line, "Q-key-many", f"单选题写了 {len(key)} 个答案", hint, column)
        elif self.unit.type is QuestionType.MULTI and len(key) < 2:
            hint = "写两个以上字母，或把题型改成【单选】"
            self.problem(line, "Q-key-few", "多选题只写了一个答案", hint, column)

    def _verdict(self) -> tuple[int, ...]:
        text, line, column = self._answer()
        word = fold(text).strip(" .。").upper()
        if word in TRUE_WORDS:
            return (0,)
        if word in FALSE_WORDS:
            return (1,)
        if text:
            self.problem(
                line, "Q-key-form", f"判断题的答案不能写“{text}”", "只写“对”或“错”", column
            )
        return ()

    def _blanks(self, stem: str) -> tuple[tuple[str, ...], ...]:
        text, line, column = self._answer()
        count = stem.count(BLANK)
        if not count:
            hint = "用四条下划线 ____ 表示空"
            self.problem(self.unit.line, "Q-blank-none", "填空题的题干里没有空", hint)
        if not text:
            return ()
        blanks = [
            split_escaped(piece, "|｜")
            for piece in split_escaped(without_tail(text), ";；", keep=True)
        ]
        if count and len(blanks) != count:
            message = f"题干有 {count} 个空，答案写了 {len(blanks)} 个"
            self.problem(line, "Q-blank-count", message, "多个空的答案用“；”隔开", column)
        for number, accepted in enumerate(blanks, 1):
            if not all(accepted):
                self.problem(
                    line, "Q-blank-empty", f"第 {number} 个空的答案里有空白的写法", column=column
                )
            elif len({comparable(one) for one in accepted}) < len(accepted):
                self.problem(
                    line, "Q-blank-twice", f"第 {number} 个空的同一写法写了两次", column=column
                )
        return tuple(tuple(accepted) for accepted in blanks)

    def _reference(self) -> str:
        _, line, _ = self._answer()
        found = self.fields.get("答案")
        text = self.prose(found.lines, "参考答案") if found else ""
        if found and not text:
            self.problem(line, "Q-key-missing", "“参考答案：”后面是空的")
        return text

    def _rubric(self) -> tuple[RubricPoint, ...]:
        found = self.fields.get("评分要点")
        lines = [piece for piece in found.lines if piece.text.strip()] if found else []
        if not lines:
            line = found.line if found else self.unit.line
            hint = "写“评分要点：”，下面每行一条“- 要点（4分）”"
            self.problem(line, "Q-rubric-missing", "没有评分要点", hint)
        return tuple(point for piece in lines if (point := self._point(piece)))

    def _point(self, piece: TextLine) -> RubricPoint | None:
        self._forbidden(piece, "评分要点")
        folded = fold(piece.text)
        start = bullet.end() if (bullet := _BULLET.match(folded)) else 0
        match = _POINTS.search(folded)
        points = to_hundredths(match[1]) if match else None
        text = one_line(piece.text[start : match.start()]) if match else ""
        if not points or not text:
            hint = "每行一条，写成“- 说明谁负责（4分）”"
            self.problem(
                piece.line, "Q-rubric-form", "这一条评分要点的写法不对", hint, piece.column
            )
            return None
        return RubricPoint(text, points)
