"""What used to be right and is not any more, or is told wrong everywhere: never a key, never told as
true (domain facts §7).

Each trap is looked for in what our content claims: key options, true statements, blanks, marking
points, explanations and lesson text. Naming the old rule is allowed where the same sentence, or the
one beside it, says that it is old or wrong. Every detector is tried on a sentence that falls into
the trap.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from elearn.authoring.files import ContentSet, parse_files, read_folder
from elearn.core.laws.model import LawStatus
from elearn.core.lessons.figures import plain_text
from elearn.core.questions.model import Part, Question, QuestionStatus, QuestionType

ROOT = Path(__file__).parents[2]
# Words that set a sentence right: what it names is not told as being so.
DENIED = re.compile(
    r"不是|不再|并不|不能|不得|没有|不在|不上酒|不属于|废止|取代|旧|错|误|原来|以前|曾|过去|改为|改成|已改"
    r"|修订前|修正前|不一致|别的|换掉"
)
ASKS_FOR_WRONG = re.compile(
    r"错误|不正确|不属于|不恰当|不符合|不对|不准确|不妥|有误|不应|不宜|例外|除外"
)


@dataclass(frozen=True)
class Trap:
    """`wrong` is searched in one sentence; `sample` falls into it; `right` is the true thing said."""

    name: str
    wrong: str
    sample: str
    right: str


TRAPS = (
    Trap("礼品条号", r"(礼品|礼金|收礼|送礼).{0,40}第(八十三|八十八|83|88)条|第(八十三|八十八|83|88)条.{0,40}(礼|收礼)",
         "收受礼品礼金，按纪律处分条例第八十八条处理", "收受礼品礼金，按纪律处分条例第九十七条处理"),
    Trap("婚丧条号", r"(婚丧|婚宴|喜庆).{0,40}第(九十一|91)条|第(九十一|91)条.{0,40}(婚丧|喜庆)",
         "借婚丧喜庆敛财，见第九十一条", "借婚丧喜庆敛财，见第一百条"),
    Trap("借贷条号", r"(借贷|大额回报).{0,40}第(九十|90)条",
         "通过民间借贷获取大额回报，见第九十条第二款", "通过民间借贷获取大额回报，见第九十九条第二款"),
    Trap("亲属收财条号", r"(亲属|特定关系人).{0,40}第(八十五|85)条",
         "亲属收受财物的，见第八十五条第二款", "亲属收受财物的，见第九十四条"),
    Trap("家风条号", r"(家风|失管失教).{0,40}第(一百三十六|136)条",
         "家风条款是第一百三十六条", "家风条款是第一百五十二条"),
    Trap("不起诉条号", r"不起诉.{0,40}第(三十一|三十二|31|32)条",
         "被不起诉的党员，按第三十一条处分", "被不起诉的党员，按第三十三条处分"),
    Trap("影响期条号", r"影响期.{0,20}第?(九|9)(条|至|到|—|-)",
         "处分影响期见第九条至第十二条", "处分影响期从第十条起规定"),
    Trap("党纪处分七种", r"党纪处分[^，、]{0,8}(?<!第)(三|四|六|七|八)种|撤职并留党察看",
         "党纪处分一共有七种", "党纪处分一共有五种"),
    Trap("留置旧条号", r"留置.{0,40}第(二十二|四十三|22|43)条|监察法.{0,6}共有?(六十九|69)条",
         "留置的期限见监察法第四十三条", "留置的期限见监察法第四十八条"),
    Trap("监察法施行日", r"监察法.{0,30}自公布之日起施行|监察法.{0,20}修正.{0,20}(2024.{0,20}施行|自公布)",
         "监察法2024年修正后自公布之日起施行", "监察法2024年修正，自2025年6月1日起施行"),
    Trap("行贿旧刑档", r"(行贿|单位受贿)(?!.*(受贿罪|赌)).{0,30}(五年以下|五年以上十年以下|5年以下)",
         "犯行贿罪的，处五年以下有期徒刑或者拘役", "犯行贿罪的，处三年以下有期徒刑或者拘役"),
    Trap("390条款序", r"主动交待.{0,40}第三百九十条第二款|第三百九十条第二款.{0,40}(从轻|减轻|主动交待)",
         "被追诉前主动交待的，按刑法第三百九十条第二款从轻", "被追诉前主动交待的，按刑法第三百九十条第三款从轻"),
    Trap("工作餐酒水", r"高档酒|(可以|允许|限)(上|供|提供)?.{0,4}(普通|低档)(白)?酒|陪餐.{0,16}(三分之一|三人|3 ?人)",
         "公务接待不提供高档酒水，陪餐不超过3人", "公务接待的工作餐不上酒"),
    Trap("廉政准则2010", r"廉洁从政若干准则|《?廉政准则",
         "党员领导干部要执行廉洁从政若干准则", "党员要执行廉洁自律准则"),
    Trap("公私分明文件", r"进一步推动公私分明",
         "《进一步推动公私分明的意见》规定", "浙江省委的意见规定"),
    Trap("亲清意见出处", r"(中共中央|中央|中办|国务院).{0,12}(亲清政商关系的意见|亲清政商意见)",
         "中央印发的亲清政商意见", "浙江省委印发的亲清政商意见"),
    Trap("行政处分条例2007", r"行政机关公务员处分条例",
         "处分按行政机关公务员处分条例执行", "政务处分按政务处分法执行"),
    Trap("直接领导责任", r"直接领导责任",
         "班子其他成员负直接领导责任", "班子其他成员负主要领导责任"),
    Trap("赌博条号", r"赌博.{0,40}治安管理处罚法.{0,6}第(七十|70)条|治安管理处罚法.{0,6}第(七十|70)条",
         "赌博按治安管理处罚法第七十条处罚", "赌博依法给予治安管理处罚"),
)  # fmt: skip

# Subject of an item -> the article it stood in before, and where it stands now.
MOVED = {
    "礼品礼金": (r"收受.{0,8}(礼品|礼金)|(礼品|礼金).{0,6}(收|送)", {"83", "88"}, "97"),
    "婚丧喜庆": (r"婚丧|婚宴|喜庆", {"91"}, "100"),
    "大额回报": (r"大额回报|借贷", {"90"}, "99"),
    "亲属收财": (r"不知情|特定关系人.{0,6}收", {"85"}, "94"),
    "家风": (r"失管失教|家风", {"136"}, "152"),
    "不起诉": (r"不起诉", {"31", "32"}, "33"),
}


@pytest.fixture(scope="module")
def content() -> ContentSet:
    return parse_files(read_folder(ROOT))


@dataclass(frozen=True)
class Claim:
    """Sentences told as true. `asked` is the stem they answer: what it says by itself may be put
    right by the answer or by the `explanation`."""

    sentences: list[str]
    asked: str = ""
    explanation: str = ""


def falls_into(trap: Trap, claim: Claim) -> list[str]:
    """The sentences of one claim that tell the old thing as true."""
    found = []
    for at, sentence in enumerate(claim.sentences):
        if not re.search(trap.wrong, f"{claim.asked} {sentence}"):
            continue
        around = "".join(claim.sentences[max(0, at - 1) : at + 2])
        if claim.asked and re.search(trap.wrong, claim.asked):
            around += claim.explanation
        if not DENIED.search(around):
            found.append(sentence)
    return found


def sentences_of(text: str) -> list[str]:
    return [part for part in re.split(r"[。！？；\n]", text) if part.strip()]


def claims(question: Question) -> Iterator[Claim]:
    """What the item says is so."""
    for part in question.parts:
        stem = part.stem or question.stem
        why = part.explanation + question.explanation
        if part.type is QuestionType.TRUE_FALSE:
            if part.key == (0,):
                yield Claim([stem])
        elif part.type is QuestionType.BLANK:
            yield Claim([stem + "/".join(text for blank in part.blanks for text in blank)])
        elif part.type is QuestionType.SHORT_ANSWER:
            yield Claim(sentences_of(part.reference))
            yield Claim([point.text for point in part.rubric])
        else:
            asked_wrong = bool(ASKS_FOR_WRONG.search(stem.rpartition("，")[2]))
            for at, option in enumerate(part.options):
                if (at in part.key) is not asked_wrong:
                    yield Claim([option], stem, why)
        yield Claim(sentences_of(part.explanation))
    yield Claim(sentences_of(question.explanation))


def told(content: ContentSet) -> Iterator[tuple[str, Claim]]:
    for file, question in content.asked():
        if question.status is QuestionStatus.ACTIVE:
            for claim in claims(question):
                yield f"{file} {question.code}", claim
    for folder, course in content.courses.items():
        for lesson in course.lessons:
            for line in plain_text(lesson.html).split("\n"):
                yield f"{folder}/{lesson.file}", Claim(sentences_of(line))


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_the_detector_tells_the_trap_from_the_truth(trap: Trap) -> None:
    assert falls_into(trap, Claim([trap.sample])) == [trap.sample]
    assert falls_into(trap, Claim([trap.right])) == []
    assert falls_into(trap, Claim([trap.sample, "这是旧的说法"])) == []
    assert falls_into(trap, Claim(["应当照办"], asked=trap.sample)) == ["应当照办"]
    assert falls_into(trap, Claim(["不能照办"], asked=trap.sample)) == []


def test_an_old_number_may_be_a_wrong_option_and_never_the_key() -> None:
    trap = next(trap for trap in TRAPS if trap.name == "礼品条号")
    for key, fallen in ((0, ["第八十八条"]), (1, [])):
        part = Part(
            QuestionType.SINGLE, "收受礼品礼金，见哪一条？", ("第八十八条", "第九十七条"), (key,)
        )
        question = Question("q", QuestionType.SINGLE, "DIS-04", 2, (part,))
        found = [text for claim in claims(question) for text in falls_into(trap, claim)]
        assert found == fallen


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_nothing_we_tell_falls_into_the_trap(trap: Trap, content: ContentSet) -> None:
    fallen = [
        f"{place}: {sentence}"
        for place, claim in told(content)
        for sentence in falls_into(trap, claim)
    ]
    assert fallen == []


@pytest.mark.parametrize("subject", MOVED)
def test_a_rule_that_moved_is_cited_where_it_stands_now(subject: str, content: ContentSet) -> None:
    pattern, old, new = MOVED[subject]
    stale, right = [], 0
    for file, question in content.asked():
        cited = {
            one.article.partition(".")[0] for one in question.citations if one.law == "纪律处分条例"
        }
        if not re.search(pattern, whole_text(question)):
            continue
        right += new in cited
        if cited & old and new not in cited:
            stale.append(f"{file} {question.code}: {sorted(cited & old)}")
    assert stale == []
    assert right >= 1, f"no items on {subject}: the test would see nothing"


def whole_text(question: Question) -> str:
    parts = [p for part in question.parts for p in (part.stem, *part.options, part.explanation)]
    return "\n".join([question.stem, question.explanation, *parts])


def test_measures_new_in_2024_are_cited_from_the_text_that_has_them(content: ContentSet) -> None:
    new = re.compile(r"责令候查|管护|强制到案|禁闭")
    seen = 0
    for _, question in content.asked():
        if not new.search(whole_text(question)):
            continue
        cited = {one.version for one in question.citations if one.law == "监察法"}
        seen += bool(cited)
        assert "2018-03-20" not in cited, question.code
    assert seen >= 3


def test_bribery_is_cited_from_the_criminal_law_after_amendment_twelve(
    content: ContentSet,
) -> None:
    cited = {
        one.version
        for _, question in content.asked()
        for one in question.citations
        if one.law == "刑法"
    }
    assert cited == {"2023-12-29"}


def test_leniency_for_bribers_is_not_cited_by_its_old_paragraph(content: ContentSet) -> None:
    """Amendment twelve put the aggravating list before it: 390(2) became 390(3)."""
    wrong = [
        question.code
        for _, question in content.asked()
        for one in question.citations
        if (one.law, one.article) == ("刑法", "390.2")
        and re.search(r"主动交待", whole_text(question))
    ]
    assert wrong == []


def test_the_detailed_rules_are_never_cited_by_article(content: ContentSet) -> None:
    """Several versions of 八项规定实施细则 circulate mixed up."""
    cited = [
        (file, one.as_text())
        for file, question in content.asked()
        for one in question.citations
        if one.law == "八项规定实施细则" and one.article
    ]
    for folder, course in content.courses.items():
        cited += [
            (folder, one.as_text())
            for lesson in course.lessons
            for one in lesson.citations
            if one.law == "八项规定实施细则" and one.article
        ]
    assert cited == []


def test_what_was_repealed_is_registered_as_such(content: ContentSet) -> None:
    old = content.registry.instruments["廉洁从政准则"].current
    assert old.status is LawStatus.REPEALED
    assert content.registry.resolve("廉洁从政准则#2").citation is None
