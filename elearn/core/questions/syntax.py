"""What a line of an item is: start of an item, sub-question, option, field or text.

Patterns run on the folded line (full-width ASCII made half-width, same length), so a match
position is a position in the original line.
"""

import re
from dataclasses import dataclass, field

from elearn.core.field_reader import nearest
from elearn.core.questions.model import TYPE_NAMES, QuestionType
from elearn.core.source_text import fold

TYPES_BY_NAME = {name: kind for kind, name in TYPE_NAMES.items()}
# Types of other systems: named as what they are, never taken for text of the item before.
FOREIGN_TYPES = frozenset(
    {"论述", "问答", "名词解释", "连线", "排序", "匹配", "计算", "作文", "材料分析", "主观"}
)

# canonical field name <- what people write
FIELD_NAMES: dict[str, str] = {
    "答案": "答案", "参考答案": "答案", "正确答案": "答案", "标准答案": "答案",
    "评分要点": "评分要点", "解析": "解析", "答案解析": "解析", "试题解析": "解析",
    "依据": "依据", "难度": "难度", "编号": "编号", "主题": "主题", "对象": "对象",
    "标签": "标签", "事实": "事实", "状态": "状态", "选项": "选项", "用途": "用途",
}  # fmt: skip
PART_FIELDS = {"答案", "评分要点", "解析", "选项"}

# Labels that are never meant as text of an explanation: a slip of the pen or another system's.
_SLIPS = {
    "答桉": "答案", "答安": "答案", "解晰": "解析", "解折": "解析", "题解": "解析", "依剧": "依据",
    "根据条款": "依据", "法规依据": "依据", "法律依据": "依据", "出处": "依据", "难易": "难度",
    "难易度": "难度", "难度系数": "难度", "编码": "编号", "题号": "编号", "对像": "对象",
    "适用对象": "对象", "标鉴": "标签", "知识点": "主题", "得分点": "评分要点", "评分标准": "评分要点",
    "评分点": "评分要点", "状太": "状态", "选顶": "选项",
}  # fmt: skip

_TYPE_WORD = r"[【\[]\s*([^\[\]【】]{1,8}?)\s*[】\]]\s*"
_ITEM = re.compile(rf"\s*(?:\d{{1,4}}\s*[.、)]\s*)?{_TYPE_WORD}")
_SUB = re.compile(rf"\s*\(\s*(\d{{1,2}})\s*\)\s*{_TYPE_WORD}")
_OPTION = re.compile(r"\s*\(?\s*([A-Z])\s*[.、:)]\s*")
_NEXT_OPTION = re.compile(r"(?:\t| {2})[ \t]*([A-Z])\s*[.、:)]\s*")
_FIELD = re.compile(r"\s*([\u4e00-\u9fff]{2,6})\s*:\s*")
_BRACKET_FIELD = re.compile(r"\s*[【\[]\s*([\u4e00-\u9fff]{2,4})\s*[】\]]\s*:?\s*")
_HEADING = re.compile(r"#{1,6}\s")


@dataclass(slots=True)
class TextLine:
    """A piece of a line; `column` counts from 1 in the file."""

    line: int
    column: int
    text: str


@dataclass(slots=True)
class Mark:
    """What a line is. `kind`: item, bad_item, sub, option, field, slip, heading or text.

    `name` is the type name, option letter, canonical field name or the slip as written;
    `number` the number of a sub-question; `end` the position where the content starts.
    """

    kind: str
    name: str = ""
    number: int = 0
    end: int = 0
    known: str = field(default="")


def type_of(word: str) -> QuestionType | None:
    """`单选`, `单选题`, `单项选择题`… -> the type."""
    word = word.replace("项选择", "选").removesuffix("题")
    return TYPES_BY_NAME.get(word)


def is_typelike(word: str) -> bool:
    """`不定项`, `单选提`, `连线题`: meant as a type, but not one of ours."""
    foreign = word in FOREIGN_TYPES or word.endswith("题") or "选" in word
    return foreign or bool(nearest(word, TYPES_BY_NAME))


def classify(line: str) -> Mark:
    """Look at one line, without knowing what went before."""
    if line.startswith("\\"):
        return Mark("text", end=1)
    folded = fold(line)
    if sub := _SUB.match(folded):
        if type_of(sub[2]):
            return Mark("sub", sub[2], int(sub[1]), sub.end())
        if is_typelike(sub[2]):
            return Mark("bad_item", sub[2], int(sub[1]), sub.end())
    if (bracket := _BRACKET_FIELD.match(folded)) and bracket[1] in FIELD_NAMES:
        return Mark("field", FIELD_NAMES[bracket[1]], end=bracket.end())
    if item := _ITEM.match(folded):
        if type_of(item[1]):
            return Mark("item", item[1], end=item.end())
        if is_typelike(item[1]):
            return Mark("bad_item", item[1], end=item.end())
    if found := _FIELD.match(folded):
        if found[1] in FIELD_NAMES:
            return Mark("field", FIELD_NAMES[found[1]], end=found.end())
        if found[1] in _SLIPS:
            return Mark("slip", found[1], end=found.end(), known=_SLIPS[found[1]])
    if option := _OPTION.match(folded):
        return Mark("option", option[1], end=option.end())
    if _HEADING.match(folded):
        return Mark("heading")
    return Mark("text")


def field_like(line: str) -> str:
    """The label of a line `两到六个字：…` that is no field, or ""."""
    found = _FIELD.match(fold(line))
    return found[1] if found else ""


def split_options(line: str, mark: Mark) -> list[tuple[str, TextLine]]:
    """The options on one line: usually one; several when set side by side with wide blanks,
    in the order of the alphabet. TextLine.line is left 0."""
    # fold() turns a tab into one space, but here a tab alone separates options
    folded = "\t".join(fold(piece) for piece in line.split("\t"))
    found: list[tuple[str, TextLine]] = []
    letter, start = mark.name, mark.end
    for nxt in _NEXT_OPTION.finditer(folded, mark.end):
        if ord(nxt[1]) == ord(letter) + 1:
            found.append((letter, TextLine(0, start + 1, line[start : nxt.start()])))
            letter, start = nxt[1], nxt.end()
    found.append((letter, TextLine(0, start + 1, line[start:])))
    return found
