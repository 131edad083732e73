"""The registry file, and citations against it."""

import pytest

from elearn.core.laws.registry import LawRegistry, LawStatus, parse_registry, split_citations
from elearn.core.questions.model import Citation

LAWS = """
- short: 监察法
  code: SL
  title: 中华人民共和国监察法
  kind: LAW
  versions:
    - {version: 2018-03-20, issued: 2018-03-20, in_force: 2018-03-20, articles: 69, status: AMENDED}
    - {version: 2024-12-25, issued: 2024-12-25, in_force: 2025-06-01, articles: 78, status: IN_FORCE}
- short: 刑法
  code: CL
  title: 中华人民共和国刑法
  kind: LAW
  versions:
    - version: 2023-12-29
      articles: 452
      status: IN_FORCE
      extra_articles: [388-1, 390-1]
- short: 旧准则
  code: OLD
  title: 旧的准则
  kind: PARTY_RULE
  versions: [{version: "2010", status: REPEALED, note: 已废止}]
- short: 意见
  code: OP
  title: 关于加强、改进某项工作的意见
  kind: PARTY_RULE
  versions: [{version: 2022-02, articles: null, status: IN_FORCE}]
"""


@pytest.fixture(scope="module")
def registry() -> LawRegistry:
    found, problems = parse_registry(LAWS, "laws.yaml")
    assert problems == []
    return found


def test_parse_registry_reads_versions_and_current(registry: LawRegistry) -> None:
    assert list(registry.instruments) == ["监察法", "刑法", "旧准则", "意见"]
    current = registry.current("监察法")
    assert (current.version, current.articles, current.status) == (
        "2024-12-25", 78, LawStatus.IN_FORCE,
    )  # fmt: skip
    assert current.in_force == "2025-06-01"
    assert registry.current("旧准则").note == "已废止"
    with pytest.raises(KeyError):
        registry.current("没有的法")


@pytest.mark.parametrize(
    ("text", "citation"),
    [
        ("监察法#46", Citation("监察法", "2024-12-25", "46")),
        ("监察法", Citation("监察法", "2024-12-25")),
        ("《监察法》＃４６", Citation("监察法", "2024-12-25", "46")),
        ("中华人民共和国监察法 # 46.1", Citation("监察法", "2024-12-25", "46.1")),
        ("《中华人民共和国刑法》#388-1", Citation("刑法", "2023-12-29", "388-1")),
        ("刑法@2023-12-29", Citation("刑法", "2023-12-29")),
        ("意见#900", Citation("意见", "2022-02", "900")),
    ],
)
def test_resolve_finds_what_people_write(
    registry: LawRegistry, text: str, citation: Citation
) -> None:
    resolution = registry.resolve(text)
    assert resolution.citation == citation
    assert resolution.finding is None


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("监查法#46", "Q-law-unknown", "是不是“监察法”"),
        ("量子力学法#1", "Q-law-unknown", "laws.yaml"),
        ("监察法第四十六条", "Q-law-unknown", "写成 监察法#46"),
        ("监察法@2017-01-01#3", "Q-version-unknown", "2018-03-20、2024-12-25"),
        ("监察法#79", "Q-article-unknown", "共 78 条"),
        ("监察法#46-1", "Q-article-unknown", "共 78 条"),
        ("监察法#0", "Q-citation-form", "# 后面写条号"),
        ("监察法#四十六", "Q-citation-form", "# 后面写条号"),
        ("#46", "Q-citation-form", "监察法#46"),
        ("旧准则", "Q-repealed", "现行规定"),
    ],
)
def test_resolve_says_what_is_wrong(registry: LawRegistry, text: str, code: str, said: str) -> None:
    resolution = registry.resolve(text)
    assert resolution.citation is None
    assert resolution.finding is not None
    assert (resolution.finding.code, resolution.finding.severity) == (code, "error")
    assert said in resolution.finding.hint


def test_resolve_takes_the_default_version_and_warns_when_it_is_superseded(
    registry: LawRegistry,
) -> None:
    resolution = registry.resolve("监察法#43", {"监察法": "2018-03-20"})
    assert resolution.citation == Citation("监察法", "2018-03-20", "43")
    assert resolution.finding is not None
    assert (resolution.finding.code, resolution.finding.severity) == ("Q-stale", "warning")
    explicit = registry.resolve("监察法@2024-12-25#43", {"监察法": "2018-03-20"})
    assert explicit.finding is None


def test_label_is_full_or_short_and_names_an_old_version(registry: LawRegistry) -> None:
    now = Citation("监察法", "2024-12-25", "46.1")
    assert registry.label(now) == "《中华人民共和国监察法》第四十六条第一款"
    assert registry.label(now, short=True) == "《监察法》第四十六条第一款"
    old = Citation("监察法", "2018-03-20")
    assert registry.label(old) == "《中华人民共和国监察法》（2018年3月20日版本）"
    gone = Citation("撤了的法", "2001-01-01", "3")
    assert registry.label(gone) == "《撤了的法》第三条（2001年1月1日版本）"


def test_split_citations_keeps_a_title_with_a_comma_together() -> None:
    assert split_citations("监察法#46；刑法#385、 刑法＃386") == [
        "监察法#46",
        "刑法#385",
        "刑法#386",
    ]
    assert split_citations("《关于加强、改进某项工作的意见》;监察法") == [
        "《关于加强、改进某项工作的意见》", "监察法",
    ]  # fmt: skip


BASE = "- {short: 法, code: X, title: 法律, kind: LAW, versions: [%s]}"
VERSION = "{version: 2020-01-01, status: IN_FORCE}"


@pytest.mark.parametrize(
    ("text", "code", "line", "said"),
    [
        ("", "R-list", 1, "列表"),
        ("short: 监察法", "R-list", 1, "列表"),
        ("- 监察法", "R-list", 1, "一部法规"),
        ("- short: [", "R-yaml", 1, "YAML"),
        (BASE % "", "R-list", 1, "versions"),
        (BASE % "甲", "R-list", 1, "一个版本"),
        ("- {short: 法, code: X, title: 法律, kind: LAW}", "R-field-missing", 1, "versions"),
        ("- {short: 法, code: X, title: 法律, kind: LAW, versions: x}", "R-list", 1, "versions"),
        ("-\n  code: X\n  title: T\n  kind: L\n  versions: [" + VERSION + "]",
         "R-field-missing", 2, "short"),
        (BASE % "{version: 去年, status: IN_FORCE}", "R-date", 1, "去年"),
        (BASE % "{version: 2020-13-01, status: IN_FORCE}", "R-date", 1, "2020-13-01"),
        (BASE % "{version: 2020, status: 现行}", "R-field-value", 1, "现行"),
        (BASE % "{version: 2020, status: IN_FORCE, articles: 许多}", "R-field-value", 1, "许多"),
        (BASE % "{version: 2020, status: IN_FORCE, extra_articles: [八]}", "R-field-value", 1, "八"),
        (BASE % "{version: 2020, status: IN_FORCE, color: red}", "R-field-unknown", 1, "color"),
        (BASE % "{version: 2020, status: IN_FORCE, repealed_on: 2021}", "R-successor", 1, "REPEALED"),
        (BASE % "{version: 2020, status: REPEALED, replaced_by: 乙法}", "R-successor", 1, "乙法"),
        (BASE % f"{VERSION}, {VERSION}", "R-twice", 1, "2020-01-01"),
        (BASE % f"{VERSION}, {{version: 2021, status: IN_FORCE}}", "R-current", 1, "2 个"),
        (BASE % "{version: 2021, status: AMENDED}", "R-current", 1, "没有现行版本"),
        (BASE % VERSION + "\n" + BASE % VERSION, "R-twice", 2, "short"),
        (BASE.replace("法,", "法#1,", 1) % VERSION, "R-short-form", 1, "法#1"),
    ],
)  # fmt: skip
def test_parse_registry_locates_every_problem(text: str, code: str, line: int, said: str) -> None:
    _, problems = parse_registry(text, "laws.yaml")
    assert [(p.code, p.line) for p in problems if p.code == code][:1] == [(code, line)]
    assert any(said in p.message for p in problems if p.code == code)


def test_parse_registry_leaves_out_only_the_broken_instrument() -> None:
    text = (
        BASE % VERSION + "\n" + (BASE % "{version: x, status: IN_FORCE}").replace("法,", "乙,", 1)
    )
    registry, problems = parse_registry(text, "laws.yaml")
    assert list(registry.instruments) == ["法"]
    assert {p.code for p in problems} == {"R-date", "R-twice"}
