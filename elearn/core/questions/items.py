"""A raw item -> Question: what is said about the item as a whole, and its parts."""

import re

from elearn.core.canonical import text_hash
from elearn.core.field_reader import nearest, split_list
from elearn.core.laws.registry import LawRegistry, split_citations
from elearn.core.problems import Problem
from elearn.core.questions.blocks import RawField, RawUnit
from elearn.core.questions.defaults import (
    AUDIENCE_HINT,
    PURPOSE_BY_NAME,
    STATUS_BY_NAME,
    ItemDefaults,
    find_audience,
    find_topic,
)
from elearn.core.questions.model import (
    Citation,
    Part,
    Purpose,
    Question,
    QuestionStatus,
    QuestionType,
)
from elearn.core.questions.parts import PartReader
from elearn.core.questions.syntax import PART_FIELDS
from elearn.core.source_text import fold, one_line

CODE = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
MAX_CODE = 64
_MERGED = {"依据", "事实", "标签"}
_QUIZ_DIFFICULTY = 2


class ItemReader:
    """Builds one question; every problem goes to `problems`."""

    def __init__(
        self, raw: RawUnit, file: str, registry: LawRegistry, defaults: ItemDefaults
    ) -> None:
        self.raw = raw
        self.file = file
        self.registry = registry
        self.defaults = defaults
        self.problems: list[Problem] = []
        self.fields: dict[str, list[RawField]] = {}

    def _purpose(self) -> Purpose:
        text, line, column = self._first("用途")
        if not text:
            return self.defaults.purpose
        if text not in PURPOSE_BY_NAME:
            hint = "可写：" + "、".join(PURPOSE_BY_NAME)
            self.problem(line, "Q-purpose", f"用途不能写“{text}”", hint, column)
        return PURPOSE_BY_NAME.get(text, self.defaults.purpose)

    def problem(
        self, line: int, code: str, message: str, hint: str = "",
        column: int = 1, severity: str = "error",
    ) -> None:  # fmt: skip
        """A finding at a place of the file."""
        self.problems.append(Problem(self.file, line, column, code, message, hint, severity))

    def read(self) -> Question | None:
        """The question, or None when the item has an error."""
        self._collect_fields()
        stem, explanation, parts = self._content()
        question = Question(
            code=self._code(stem, parts),
            type=self.raw.type,
            topic=self._topic(),
            difficulty=self._difficulty(),
            parts=parts,
            stem=stem,
            explanation=explanation,
            citations=self._citations(),
            audience=self._audience(),
            tags=self._words("标签") or self.defaults.tags,
            facts=self._facts(),
            status=self._status(),
            purpose=self._purpose(),
            line=self.raw.line,
        )
        failed = self.raw.broken or any(problem.is_error for problem in self.problems)
        return None if failed else question

    def _collect_fields(self) -> None:
        """The fields of the item as a whole; of a case 依据, 事实 and 标签 may come in pieces."""
        case = self.raw.type is QuestionType.CASE
        for raw in self.raw.fields:
            if raw.name in PART_FIELDS:
                continue
            before = self.fields.setdefault(raw.name, [])
            if before and not (case and raw.name in _MERGED):
                message = f"“{raw.name}：”写了两次（上一次在第 {before[0].line} 行）"
                hint = "案例题整题只写一次，小题不写" if case else "只留一行"
                self.problem(raw.line, "Q-field-twice", message, hint, raw.column)
                continue
            before.append(raw)

    def _content(self) -> tuple[str, str, tuple[Part, ...]]:
        reader = PartReader(self.raw, self.file, self.problems)
        if self.raw.type is not QuestionType.CASE:
            return "", "", (reader.read(),)
        stem = reader.prose(self.raw.text, "材料")
        if not stem:
            self.problem(self.raw.line, "Q-stem-empty", "没有案例材料", "材料写在【案例】后面")
        if not self.raw.subs:
            hint = "小题写成“（1）【单选】…”"
            self.problem(self.raw.line, "Q-sub-missing", "案例题没有小题", hint)
        for option in self.raw.options[:1]:
            self.problem(option.line, "Q-option-extra", "案例材料里不写选项", "选项写在小题下面")
        for name in PART_FIELDS - {"解析"}:
            if found := reader.fields.get(name):
                hint = f"“{name}：”写在小题下面"
                self.problem(found.line, "Q-field-place", "案例题整题没有这一项", hint)
        explanation = reader.explanation()
        parts = [
            PartReader(sub, self.file, self.problems).read()
            for sub in self.raw.subs
            if sub.type is not QuestionType.CASE
        ]
        return stem, explanation, tuple(parts)

    def _first(self, name: str) -> tuple[str, int, int]:
        """Text, line, column of a one-line field; ("", item line, 1) when absent."""
        for raw in self.fields.get(name, []):
            return one_line(raw.lines[0].text), raw.line, raw.lines[0].column
        return "", self.raw.line, 1

    def _code(self, stem: str, parts: tuple[Part, ...]) -> str:
        text, line, column = self._first("编号")
        code = one_line(fold(text))
        if not code and self.defaults.complete:
            hint = "加一行“编号：DIS-04-001”，写了就不再改"
            self.problem(line, "Q-code-missing", "没有编号", hint)
        elif not code:
            content = "\n".join([stem, *(part.stem for part in parts)])
            return f"{self.defaults.code_prefix}-{text_hash(content)[:8]}"
        elif not CODE.fullmatch(code) or len(code) > MAX_CODE:
            hint = "只用字母、数字和连字符，如 DIS-04-001"
            self.problem(line, "Q-code-form", f"编号“{text}”的写法不对", hint, column)
        return code

    def _topic(self) -> str:
        text, line, column = self._first("主题")
        if not text:
            if not self.defaults.topic:
                hint = "在文件头写“主题: DIS-04”，或在题里写“主题：DIS-04”"
                self.problem(line, "Q-topic-missing", "没有主题", hint)
            return self.defaults.topic
        topic, hint = find_topic(fold(text))
        if not topic:
            self.problem(line, "Q-topic", f"没有主题“{text}”", hint, column)
        return topic

    def _difficulty(self) -> int:
        text, line, column = self._first("难度")
        if not text:
            fallback = self.defaults.difficulty
            if not fallback and self.defaults.complete:
                self.problem(
                    line, "Q-difficulty-missing", "没有难度", "加一行“难度：2”，1 最易，5 最难"
                )
            return fallback or _QUIZ_DIFFICULTY
        if fold(text) not in {"1", "2", "3", "4", "5"}:
            hint = "写 1（最易）到 5（最难）中的一个数字"
            self.problem(line, "Q-difficulty", f"难度不能写“{text}”", hint, column)
            return 1
        return int(fold(text))

    def _citations(self) -> tuple[Citation, ...]:
        found: dict[Citation, None] = {}
        for raw in self.fields.get("依据", []):
            for text in split_citations(raw.lines[0].text):
                if citation := self._citation(text, raw):
                    found[citation] = None
        written = any(raw.lines[0].text.strip() for raw in self.fields.get("依据", []))
        if not written and self.defaults.complete:
            _, line, _ = self._first("依据")
            hint = "加一行“依据：纪律处分条例#97”"
            self.problem(line, "Q-citation-missing", "没有依据", hint)
        return tuple(found)

    def _citation(self, text: str, raw: RawField) -> Citation | None:
        resolution = self.registry.resolve(text, self.defaults.versions)
        shown = fold(raw.lines[0].text)
        column = raw.lines[0].column + max(shown.find(text), 0)
        if finding := resolution.finding:
            self.problems.append(finding.at(self.file, raw.line, column))
        citation = resolution.citation
        if citation and "@" not in text and citation.law not in self.defaults.versions:
            hint = f'在文件头“法规版本:”下面加一行“{citation.law}: "{citation.version}"”'
            message = f"没有写明引用《{citation.law}》的哪个版本，暂按现行版本"
            self.problem(raw.line, "Q-version-missing", message, hint, column, "warning")
        return citation

    def _audience(self) -> tuple[str, ...]:
        if "对象" not in self.fields:
            return self.defaults.audience
        text, line, column = self._first("对象")
        codes, unknown = find_audience(split_list(text))
        for word in unknown:
            self.problem(line, "Q-audience", f"不认识的对象“{word}”", AUDIENCE_HINT, column)
        return codes

    def _words(self, name: str) -> tuple[str, ...]:
        words = [w for raw in self.fields.get(name, []) for w in split_list(raw.lines[0].text)]
        return tuple(dict.fromkeys(words))

    def _facts(self) -> tuple[str, ...]:
        """Fact ids hold no blanks, so blanks separate them too."""
        return tuple(dict.fromkeys(one for word in self._words("事实") for one in word.split()))

    def _status(self) -> QuestionStatus:
        text, line, column = self._first("状态")
        if not text:
            return self.defaults.status
        if text not in STATUS_BY_NAME:
            like = nearest(text, STATUS_BY_NAME)
            hint = f"是不是“{like}”？" if like else "可写：" + "、".join(STATUS_BY_NAME)
            self.problem(line, "Q-status", f"状态不能写“{text}”", hint, column)
        return STATUS_BY_NAME.get(text, self.defaults.status)
