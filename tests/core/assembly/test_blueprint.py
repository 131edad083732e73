from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elearn.core.assembly.blueprint import (
    Blueprint,
    MultiScoring,
    ReviewPolicy,
    Section,
    blueprint_from_canonical,
    parse_blueprint,
)
from elearn.core.assembly.model import AUDIENCE_WORDS, PARTY_WORDS, POST_WORDS
from elearn.core.assembly.rules import check_blueprint
from elearn.core.assembly.writer import format_blueprint
from elearn.core.questions.model import QuestionType
from elearn.core.taxonomy import TOPIC_NAMES, Strand, strand_of

SHIPPED = sorted((Path(__file__).parents[3] / "question_bank" / "blueprints").glob("*.yaml"))

MINIMAL = """\
编号: quiz-1
名称: 小测
时长: 20
合格线: 6
部分:
  - 题型: 单选
    题数: 10
    每题: 1
"""

FULL = """\
# 注释
编号: dual-1
名称: 双合格（样例）
说明: "第一行：引号里可以有冒号"
对象: 党员、一把手
时长: 1 小时 30 分
满分: 25
合格线: 15.5 分
分项合格线:
  理论: 8
  多选题: 2.25
次数: 3 次
题目乱序: 否
选项乱序: 是
多选计分: 漏选定分
漏选每项: 0.5
回看: 公布后才看
学时: 1.5 学时
有效期: 2 年
部分:
  - 名称: 理论单选
    归入: 理论
    题型: 单选题
    题数: 10 题
    每题: 1 分
    类别: [纪律教育, LAW]
    主题: [dis-04, LAW-01]
    法规: 监察法、政务处分法
    难度: 2-4
    标签:
      - 审批
      - 采购
    对象: 党员
  - 名称: 理论判断
    归入: 理论
    题型: 判断
    题数: 5
    每题: 1
    难度: 3
  - 题型: 多选
    题数: ５
    每题: 2
"""

ENGLISH = """\
code: quiz-1
title: 小测
duration: 20
pass: 6
sections:
  - type: SINGLE
    count: 10
    points: 1
"""


def findings(text: str, **options: object) -> list[tuple[int, int, str]]:
    blueprint, problems = parse_blueprint(text, "b.yaml", **options)
    assert (blueprint is None) == bool(problems)
    assert all(problem.file == "b.yaml" for problem in problems)
    return [(problem.line, problem.column, problem.code) for problem in problems]


def messages(text: str) -> list[str]:
    return [problem.message for problem in parse_blueprint(text, "b.yaml")[1]]


def test_parse_defaults() -> None:
    blueprint, problems = parse_blueprint(MINIMAL, "b.yaml")
    assert problems == []
    assert blueprint == Blueprint(
        code="quiz-1",
        title="小测",
        sections=(Section("单选题", QuestionType.SINGLE, 10, 100),),
        duration_s=1200,
        pass_centi=600,
    )


def test_parse_every_field() -> None:
    blueprint, problems = parse_blueprint(FULL, "b.yaml")
    assert problems == []
    assert blueprint == Blueprint(
        code="dual-1",
        title="双合格（样例）",
        note="第一行：引号里可以有冒号",
        audience=("党员", "一把手"),
        duration_s=5400,
        pass_centi=1550,
        section_minima=(("理论", 800), ("多选题", 225)),
        attempts=3,
        shuffle_questions=False,
        shuffle_options=True,
        multi_scoring=MultiScoring.PARTIAL_FIXED,
        multi_fixed_centi=50,
        review=ReviewPolicy.HIDDEN,
        hours_centi=150,
        validity_months=24,
        sections=(
            Section(
                "理论单选",
                QuestionType.SINGLE,
                10,
                100,
                group="理论",
                strands=(Strand.DIS, Strand.LAW),
                topics=("DIS-04", "LAW-01"),
                laws=("监察法", "政务处分法"),
                difficulty=(2, 4),
                tags_any=("审批", "采购"),
                audience=("党员",),
            ),
            Section("理论判断", QuestionType.TRUE_FALSE, 5, 100, group="理论", difficulty=(3, 3)),
            Section("多选题", QuestionType.MULTI, 5, 200),
        ),
    )
    assert (blueprint.total_centi, blueprint.question_count) == (2500, 20)
    assert blueprint.group_totals() == {"理论": 1500, "多选题": 1000}


def test_parse_english_keys_mean_the_same() -> None:
    chinese, _ = parse_blueprint(MINIMAL, "b.yaml")
    assert parse_blueprint(ENGLISH, "b.yaml") == (chinese, [])
    assert parse_blueprint("\ufeff" + MINIMAL.replace("\n", "\r\n"), "b.yaml") == (chinese, [])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_parse_shipped_blueprints(path: Path) -> None:
    blueprint, problems = parse_blueprint(path.read_text(encoding="utf-8"), path.name)
    assert problems == []
    assert blueprint is not None
    assert blueprint.code == path.stem
    assert blueprint.total_centi == {"daily-5": 500, "special-10": 1000}.get(path.stem, 10000)


def test_parse_shipped_blueprints_are_there() -> None:
    assert len(SHIPPED) >= 6


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("编号: quiz-1\n", "", (1, 1, "B-missing")),
        ("编号: quiz-1", "编号: 小测 1", (1, 5, "B-code")),
        ("名称: 小测", "名称: ''", (2, 5, "B-title")),
        ("名称: 小测", "名称: [小测]", (2, 5, "B-shape")),
        ("时长: 20", "时长: 二十", (3, 5, "B-value")),
        ("时长: 20", "时长:", (3, 4, "B-value")),
        ("时长: 20", "时长: 0", (3, 5, "B-duration")),
        ("时长: 20", "时长: 1441", (3, 5, "B-duration")),
        ("合格线: 6", "合格线: 6.555", (4, 6, "B-value")),
        ("合格线: 6", "合格线: -6", (4, 6, "B-value")),
        ("合格线: 6", "合格线: 10.01", (4, 6, "B-pass")),
        ("合格线: 6", "合格线: 0", (4, 6, "B-pass")),
        ("时长: 20", "时常: 20\n时长: 20", (3, 1, "B-key")),
        ("时长: 20", "时长: 20\n时长: 30", (4, 1, "B-twice")),
        ("时长: 20", "? [时, 长]\n: 1\n时长: 20", (3, 3, "B-key")),
        ("合格线: 6", "合格线: 6\n满分: 11", (5, 5, "B-full")),
        ("合格线: 6", "合格线: 6\n次数: 0", (5, 5, "B-attempts")),
        ("合格线: 6", "合格线: 6\n次数: 不限", (5, 5, "B-value")),
        ("合格线: 6", "合格线: 6\n有效期: 0", (5, 6, "B-validity")),
        ("合格线: 6", "合格线: 6\n有效期: 很久", (5, 6, "B-value")),
        ("合格线: 6", "合格线: 6\n选项乱序: 也许", (5, 7, "B-value")),
        ("合格线: 6", "合格线: 6\n多选计分: 漏选定分", (1, 1, "B-fixed")),
        ("合格线: 6", "合格线: 6\n漏选每项: 0.5", (5, 7, "B-fixed")),
        ("合格线: 6", "合格线: 6\n回看: 随便", (5, 5, "B-value")),
        ("合格线: 6", "合格线: 6\n对象: 团员", (5, 5, "B-audience")),
        ("合格线: 6", "合格线: 6\n对象: 全体、党员", (5, 5, "B-audience")),
        ("合格线: 6", "合格线: 6\n分项合格线: 3", (5, 8, "B-shape")),
        ("合格线: 6", "合格线: 6\n分项合格线:\n  理论: 3", (6, 3, "B-minimum")),
        ("合格线: 6", "合格线: 6\n分项合格线:\n  单选题: 11", (6, 3, "B-minimum")),
        ("合格线: 6", "合格线: 6\n分项合格线:\n  单选题: 多", (6, 8, "B-value")),
        ("合格线: 6", "合格线: 6\n分项合格线:\n  单选题: [3]", (6, 3, "B-shape")),
        ("合格线: 6", "合格线: 6\n分项合格线: {单选题: 1, 单选题: 2}", (5, 17, "B-minimum")),
        ("部分:\n", "部分:\n  - 单选\n", (6, 5, "B-shape")),
        ("题型: 单选", "题型: 单项", (6, 9, "B-value")),
        ("题型: 单选", "题型:\n      - 单选", (7, 7, "B-shape")),
        ("题型: 单选\n    ", "", (6, 5, "B-missing")),
        ("题数: 10", "题数: 0", (7, 9, "B-count")),
        ("题数: 10", "题数: 501", (6, 3, "B-count")),
        ("每题: 1", "每题: 0", (8, 9, "B-points")),
        ("每题: 1", "每题: 1\n    难度: 6", (9, 9, "B-value")),
        ("每题: 1", "每题: 1\n    难度: 4-2", (9, 9, "B-difficulty")),
        ("每题: 1", "每题: 1\n    类别: 体育", (9, 9, "B-value")),
        ("每题: 1", "每题: 1\n    标签: {a: 1}", (9, 9, "B-shape")),
        ("每题: 1", "每题: 1\n    主题: LAW-99", (9, 9, "B-topic")),
        ("每题: 1", "每题: 1\n    主题: LAW-01\n    类别: DIS", (9, 9, "B-topic")),
        ("每题: 1", "每题: 1\n    名称: ''", (9, 9, "B-title")),
        ("每题: 1", "每题: 1\n    对象: 学生", (9, 9, "B-audience")),
    ],
)
def test_parse_locates(old: str, new: str, expected: tuple[int, int, str]) -> None:
    assert old in MINIMAL
    assert expected in findings(MINIMAL.replace(old, new))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (0, 0, "B-yaml")),
        ("- a\n- b\n", (1, 1, "B-yaml")),
        ("编号: a\n  名称: b\n", (2, 5, "B-yaml")),
        ('编号: "a\n', (2, 1, "B-yaml")),
        ("编号: a\n名称: 小\x07测\n", (2, 6, "B-yaml")),
        ("[" * 5000, (0, 0, "B-yaml")),
        ("编号: a\n---\n编号: b\n", (2, 1, "B-yaml")),
        (MINIMAL.split("部分", maxsplit=1)[0] + "部分: 无\n", (5, 5, "B-shape")),
        (MINIMAL.split("部分", maxsplit=1)[0] + "部分: []\n", (5, 5, "B-empty")),
    ],
)
def test_parse_broken_files(text: str, expected: tuple[int, int, str]) -> None:
    assert findings(text)[0] == expected


def test_parse_collects_everything_at_once() -> None:
    text = MINIMAL.replace("quiz-1", "小测").replace("20", "二十").replace("10", "0")
    assert findings(text + "    难度: 9\n") == [
        (1, 5, "B-code"),
        (3, 5, "B-value"),
        (7, 9, "B-count"),
        (9, 9, "B-value"),
    ]


def test_parse_does_not_report_what_only_follows_from_an_unreadable_value() -> None:
    text = MINIMAL.replace("题数: 10", "题数: 十").replace("合格线: 6", "合格线: 6\n满分: 10")
    assert findings(text) == [(8, 9, "B-value")]


def test_parse_suggests() -> None:
    (problem,) = parse_blueprint(MINIMAL.replace("单选", "单选提"), "b.yaml")[1]
    assert (problem.message, problem.hint) == ("题型：没有“单选提”这个选项", "是不是“单选”")
    text = MINIMAL + "    法规: 监查法\n"
    assert findings(text) == []
    (problem,) = parse_blueprint(text, "b.yaml", laws=["监察法", "刑法"])[1]
    assert (problem.code, problem.line, problem.hint) == ("B-law", 9, "是不是“监察法”")


def test_parse_a_file_without_sections() -> None:
    assert findings(MINIMAL.split("部分", maxsplit=1)[0]) == [(1, 1, "B-missing")]


@pytest.mark.parametrize(
    ("written", "months"), [("不限", None), ("24", 24), ("３ 个月", 3), ("1年", 12), ("长期", None)]
)
def test_parse_validity(written: str, months: int | None) -> None:
    blueprint, _ = parse_blueprint(MINIMAL.replace("部分", f"有效期: {written}\n部分"), "b.yaml")
    assert blueprint is not None
    assert blueprint.validity_months == months


def test_parse_name_clashes() -> None:
    section = "  - 题型: 单选\n    题数: 1\n    每题: 1\n"
    assert findings(MINIMAL + section) == [(9, 5, "B-name")]
    joined = MINIMAL + section + "    名称: 甲\n    归入: 单选题\n"
    assert findings(joined) == []
    grouped = MINIMAL + "    归入: 理论\n" + section + "    名称: 乙\n    归入: 单选题\n"
    assert findings(grouped) == [(14, 9, "B-name")]


def test_parse_says_points_as_people_write_them() -> None:
    assert messages(MINIMAL.replace("合格线: 6", "合格线: 10.5")) == [
        "合格线是 10.5 分，满分是 10 分"
    ]


WORDS = st.sampled_from(["审批", "采购", "工程", "财务"])
NAMES = (
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cn", "Co"]),
        min_size=1,
        max_size=12,
    )
    .map(str.strip)
    .filter(bool)
)
AUDIENCES = st.one_of(
    st.just(()),
    st.just((AUDIENCE_WORDS[0],)),
    st.lists(st.sampled_from((*PARTY_WORDS, *POST_WORDS)), unique=True).map(tuple),
)


@st.composite
def sections(draw: st.DrawFn, name: str) -> Section:
    topics = draw(st.lists(st.sampled_from(sorted(TOPIC_NAMES)), unique=True, max_size=3))
    low = draw(st.integers(1, 5))
    return Section(
        name=name,
        type=draw(st.sampled_from(QuestionType)),
        count=draw(st.integers(1, 50)),
        points_centi=draw(st.integers(1, 2000)),
        group=draw(st.sampled_from(["", "组：甲", "组 #乙"])),
        strands=tuple(dict.fromkeys(strand_of(topic) for topic in topics)),
        topics=tuple(topics),
        laws=tuple(draw(st.lists(st.sampled_from(["监察法", "刑法"]), unique=True))),
        difficulty=(low, draw(st.integers(low, 5))),
        tags_any=tuple(draw(st.lists(WORDS, unique=True))),
        audience=draw(AUDIENCES),
    )


@st.composite
def blueprints(draw: st.DrawFn) -> Blueprint:
    names = draw(st.lists(NAMES.map(lambda n: f"部{n}"), min_size=1, max_size=4, unique=True))
    parts = tuple(draw(sections(name)) for name in names)
    shape = Blueprint("x", "x", parts, 60, 1)
    groups = shape.group_totals()
    minima = draw(st.lists(st.sampled_from(sorted(groups)), unique=True))
    scoring = draw(st.sampled_from(MultiScoring))
    fixed = scoring is MultiScoring.PARTIAL_FIXED
    return Blueprint(
        code=draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,20}", fullmatch=True)),
        title=draw(NAMES),
        note=draw(st.one_of(st.just(""), NAMES)),
        sections=parts,
        duration_s=draw(st.integers(1, 1440)) * 60,
        pass_centi=draw(st.integers(1, shape.total_centi)),
        section_minima=tuple((g, draw(st.integers(1, groups[g]))) for g in minima),
        shuffle_questions=draw(st.booleans()),
        shuffle_options=draw(st.booleans()),
        attempts=draw(st.integers(1, 20)),
        multi_scoring=scoring,
        multi_fixed_centi=draw(st.integers(1, 500)) if fixed else 0,
        review=draw(st.sampled_from(ReviewPolicy)),
        hours_centi=draw(st.integers(0, 5000)),
        validity_months=draw(st.one_of(st.none(), st.integers(1, 240))),
        audience=draw(AUDIENCES),
    )


@settings(deadline=None)
@given(blueprints())
def test_written_blueprints_read_back_the_same(blueprint: Blueprint) -> None:
    assert check_blueprint(blueprint) == []
    text = format_blueprint(blueprint)
    assert parse_blueprint(text, "b.yaml") == (blueprint, [])
    assert format_blueprint(blueprint) == text


@settings(deadline=None)
@given(blueprints())
def test_stored_blueprints_read_back_the_same(blueprint: Blueprint) -> None:
    stored = blueprint_from_canonical(blueprint.canonical())
    assert stored == blueprint
    assert stored.revision_hash == blueprint.revision_hash


@settings(deadline=None)
@given(st.text(max_size=300))
def test_parse_answers_any_text_with_a_blueprint_or_with_problems(text: str) -> None:
    for source in (text, MINIMAL.replace("单选", text)):
        blueprint, problems = parse_blueprint(source, "b.yaml")
        assert (blueprint is None) == bool(problems)
        assert {problem.file for problem in problems} <= {"b.yaml"}


def test_revision_hash_changes_with_every_field() -> None:
    blueprint, _ = parse_blueprint(FULL, "b.yaml")
    assert blueprint is not None
    seen = {blueprint.revision_hash}
    for old, new in [
        ("dual-1", "dual-2"),
        ("否", "是"),
        ("0.5", "0.6"),
        ("2-4", "2-5"),
        ("审批", "人事"),
    ]:
        changed, problems = parse_blueprint(FULL.replace(old, new), "b.yaml")
        assert problems == []
        assert changed is not None
        seen.add(changed.revision_hash)
    assert len(seen) == 6


def test_check_blueprint_serves_forms_too() -> None:
    faults = check_blueprint(Blueprint("", "", (), 90, 0, validity_months=999, attempts=99))
    assert [fault.path for fault in faults] == [
        ("code",),
        ("title",),
        ("duration_s",),
        ("attempts",),
        ("validity_months",),
        ("sections",),
    ]
