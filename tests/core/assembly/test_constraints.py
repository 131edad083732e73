"""Quotas and balance: written by a trainer, stored, written back; old hashes stay."""

import dataclasses

import pytest

from elearn.core.assembly.blueprint import parse_blueprint
from elearn.core.assembly.constraints import Balance, Quota
from elearn.core.assembly.model import blueprint_from_canonical
from elearn.core.assembly.quotas import quota_text, read_quota
from elearn.core.assembly.values import BadValue
from elearn.core.assembly.writer import format_blueprint
from elearn.core.taxonomy import Strand
from tests.core.assembly.samples import make_blueprint, make_section, mixed_blueprint

TEXT = """编号: fair-1
名称: 公平卷
时长: 50 分钟
合格线: 20
目标均分: 21.5
允差: 0.5
最大重复: 5 题
做过的题: 避开
曝光上限: 12.5%
部分:
  - 题型: 单选
    题数: 30
    每题: 1
    配额: 难度1-2 10 题，监察法 至少 5 题，LAW-01·难度3 至多 4 题
"""


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("难度1-2 10 题", Quota(10, 10, difficulty=(1, 2))),
        ("难度 3：4题", Quota(4, 4, difficulty=(3, 3))),
        ("监察法 至少 5 题", Quota(5, None, laws=("监察法",))),
        ("·监察法 至少 5 题", Quota(5, None, laws=("监察法",))),
        ("监察法至少5题", Quota(5, None, laws=("监察法",))),
        ("监察法·刑法 最多 5", Quota(0, 5, laws=("监察法", "刑法"))),
        ("law-01·难度3 2-4 题", Quota(2, 4, topics=("LAW-01",), difficulty=(3, 3))),
        ("法治教育·标签重点 恰好 ２ 题", Quota(2, 2, strands=(Strand.LAW,), tags_any=("重点",))),
    ],
)
def test_quota_is_read_and_written_back(text: str, quota: Quota) -> None:
    assert read_quota(text) == quota
    assert read_quota(quota_text(quota)) == quota


@pytest.mark.parametrize(
    "text",
    ["监察法", "10 题", "监察法 至少 2-4 题", "难度1 难度2 3 题", "难度9 3 题", "监察法 多多 题"],
)
def test_what_is_no_quota_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        read_quota(text)


def test_blueprint_with_everything_survives_file_and_database() -> None:
    blueprint, problems = parse_blueprint(TEXT, "f")
    assert problems == []
    assert blueprint is not None
    assert blueprint.balance == Balance(2150, 50, 5, 0, 125)
    assert [quota.words for quota in blueprint.sections[0].quotas] == [
        "难度1–2 10 题",
        "监察法 至少 5 题",
        "监察法·难度3 至多 4 题",
    ]
    assert blueprint_from_canonical(blueprint.canonical()) == blueprint
    again, _ = parse_blueprint(format_blueprint(blueprint), "f")
    assert again == blueprint


@pytest.mark.parametrize(
    ("seen", "value"), [("避开", 0), ("最多 5 题", 5), ("不限", None), ("是", 0), ("否", None)]
)
def test_seen_and_exposure_words(seen: str, value: int | None) -> None:
    blueprint, _ = parse_blueprint(TEXT.replace("做过的题: 避开", f"做过的题: {seen}"), "f")
    assert blueprint is not None
    assert blueprint.balance.seen_max == value
    again, _ = parse_blueprint(format_blueprint(blueprint), "f")
    assert again == blueprint
    whole, _ = parse_blueprint(TEXT.replace("12.5%", "20%"), "f")
    assert whole is not None
    assert "曝光上限: 20%" in format_blueprint(whole)


def test_what_asks_nothing_has_the_form_it_had() -> None:
    spec = mixed_blueprint().canonical()
    assert "balance" not in spec
    assert all("quotas" not in section for section in spec["sections"])
    assert blueprint_from_canonical(spec) == mixed_blueprint()
    asked = dataclasses.replace(mixed_blueprint(), balance=Balance(seen_max=0))
    assert asked.revision_hash != mixed_blueprint().revision_hash


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("目标均分: 21.5", "目标均分: 30", "B-balance"),
        ("目标均分: 21.5\n", "", "B-balance"),
        ("允差: 0.5", "允差: 0", "B-balance"),
        ("最大重复: 5 题", "最大重复: 30 题", "B-balance"),
        ("做过的题: 避开", "做过的题: 最多 30 题", "B-balance"),
        ("做过的题: 避开", "做过的题: 大概", "B-value"),
        ("12.5%", "0%", "B-balance"),
        ("12.5%", "很少", "B-value"),
        ("难度1-2 10 题", "难度2-1 10 题", "B-quota"),
        ("难度1-2 10 题", "难度1-2 31 题", "B-quota"),
        ("难度1-2 10 题", "难度1-2 5-3 题", "B-quota"),
        ("难度1-2 10 题", "难度1-5 10 题", "B-quota"),
        ("LAW-01·难度3", "LAW-99", "B-quota"),
        ("监察法 至少", "监查法 至少", "B-quota"),
        ("监察法 至少 5 题", "监察法", "B-value"),
    ],
)
def test_what_makes_no_sense_is_located(old: str, new: str, code: str) -> None:
    blueprint, problems = parse_blueprint(TEXT.replace(old, new), "f", laws={"监察法"})
    assert blueprint is None
    assert [problem.code for problem in problems] == [code]
    assert problems[0].line > 0


def test_labels() -> None:
    quota = Quota(2, 4, (Strand.LAW,), ("LAW-01",), ("刑法",), (1, 2), ("重点",))
    assert quota.words == "法治教育·监察法·刑法·难度1–2·标签重点 2-4 题"
    assert Quota(1, None, difficulty=(3, 3)).label == "难度3"
    section = make_section(quotas=(quota,))
    assert make_blueprint(section).constrained
    assert not make_blueprint(make_section()).constrained
