"""The law registry against the instruments our content rests on (domain facts §3.0).

The list stands here, so that an instrument that disappears from the registry, or a date or number
that is changed by mistake, is noticed. None: not verified, so the registry may not claim it.
"""

from pathlib import Path

import pytest

from elearn.core.laws.model import LawStatus
from elearn.core.laws.registry import LawRegistry, parse_registry

ROOT = Path(__file__).parents[2]
A, F, R = LawStatus.AMENDED, LawStatus.IN_FORCE, LawStatus.REPEALED

# short -> (full title, {version: (issued, in force, articles, status)})
INSTRUMENTS: dict[str, tuple[str, dict[str, tuple[str, str, int | None, LawStatus]]]] = {
    "纪律处分条例": (
        "中国共产党纪律处分条例",
        {
            "2023-12-19": ("2023-12-19", "2024-01-01", 158, F),
            "2018": ("", "", None, A),
            "2015": ("", "", None, A),
            "2003": ("", "", None, A),
            "1997": ("", "", None, A),
        },
    ),
    "廉洁自律准则": ("中国共产党廉洁自律准则", {"2015-10-18": ("2015-10", "2016-01-01", 8, F)}),
    "监察法": (
        "中华人民共和国监察法",
        {
            "2024-12-25": ("2024-12-25", "2025-06-01", 78, F),
            "2018-03-20": ("2018-03-20", "2018-03-20", 69, A),
        },
    ),
    "政务处分法": (
        "中华人民共和国公职人员政务处分法",
        {"2020-06-20": ("2020-06-20", "2020-07-01", 68, F)},
    ),
    "刑法": ("中华人民共和国刑法", {"2023-12-29": ("2023-12-29", "2024-03-01", 452, F)}),
    "两高贪贿解释": (
        "最高人民法院、最高人民检察院关于办理贪污贿赂刑事案件适用法律若干问题的解释",
        {"2016-04-18": ("2016-04-18", "2016-04-18", 20, F)},
    ),
    "公务员法": ("中华人民共和国公务员法", {"2018-12-29": ("2018-12-29", "2019-06-01", 113, F)}),
    "党内监督条例": ("中国共产党党内监督条例", {"2016-10-27": ("", "", None, F)}),
    "个人有关事项规定": (
        "领导干部报告个人有关事项规定",
        {"2017-02-08": ("", "2017-02-08", 21, F), "2010": ("", "", None, A)},
    ),
    "党风廉政责任制规定": (
        "关于实行党风廉政建设责任制的规定",
        {"2010-11-10": ("2010-11-10", "", None, F)},
    ),
    "中央八项规定": ("中央八项规定", {"2012-12-04": ("2012-12-04", "", None, F)}),
    "八项规定实施细则": (
        "中央八项规定实施细则",
        {"2022": ("", "", None, F), "2017": ("", "", None, A), "2012": ("", "", None, A)},
    ),
    "厉行节约条例": (
        "党政机关厉行节约反对浪费条例",
        {"2025-05-02": ("2025-05-02", "", None, F)},
    ),
    "廉洁文化意见": ("关于加强新时代廉洁文化建设的意见", {"2022-02": ("2022-02", "", None, F)}),
    "家庭家教家风意见": (
        "关于进一步加强家庭家教家风建设的实施意见",
        {"2021": ("", "", None, F)},
    ),
    "亲清政商意见": (
        "规范领导干部廉洁从政从业行为 进一步推动构建亲清政商关系的意见",
        {"2021-09": ("2021-09", "", None, F)},
    ),
    "问责条例": ("中国共产党问责条例", {"2019-09-04": ("", "", None, F)}),
    "廉洁从政准则": (
        "中国共产党党员领导干部廉洁从政若干准则",
        {"2010-01-18": ("2010-01-18", "", None, R)},
    ),
    "干部教育培训条例": (
        "干部教育培训工作条例",
        {
            "2023-09-19": ("2023-09-19", "", None, F),
            "2015-10-14": ("2015-10-14", "", None, A),
            "2006": ("", "", None, A),
        },
    ),
    "公务员培训规定": ("公务员培训规定", {"2019": ("", "", None, F), "2008": ("", "", None, A)}),
}


@pytest.fixture(scope="module")
def registry() -> LawRegistry:
    file = ROOT / "question_bank/laws.yaml"
    found, problems = parse_registry(file.read_text("utf-8"), file.name)
    assert problems == []
    return found


@pytest.mark.parametrize("short", INSTRUMENTS)
def test_instrument_is_registered_with_all_its_versions(short: str, registry: LawRegistry) -> None:
    title, versions = INSTRUMENTS[short]
    instrument = registry.instruments[short]
    assert instrument.title == title
    assert {
        one.version: (one.issued, one.in_force, one.articles, one.status)
        for one in instrument.versions
    } == versions


def test_the_newest_version_is_the_one_in_force(registry: LawRegistry) -> None:
    for instrument in registry.instruments.values():
        newest = max(instrument.versions, key=lambda one: one.version)
        assert instrument.current == newest, instrument.short
        assert all(one.status is not F for one in instrument.versions if one is not newest)


def test_the_criminal_law_has_both_inserted_bribery_articles(registry: LawRegistry) -> None:
    version = registry.current("刑法")
    assert {"388-1", "390-1"} <= set(version.extra_articles)
    assert len(version.extra_articles) == 53


def test_the_repealed_code_names_what_took_its_place(registry: LawRegistry) -> None:
    old = registry.instruments["廉洁从政准则"].current
    assert (old.repealed_on, old.replaced_by) == ("2016-01-01", "廉洁自律准则")
    assert old.repealed_on == registry.current("廉洁自律准则").in_force
    finding = registry.resolve("廉洁从政准则#2").finding
    assert finding is not None
    assert finding.code == "Q-repealed"
    assert "自 2016-01-01 起" in finding.message
    assert "《廉洁自律准则》" in finding.hint


def test_what_was_not_verified_says_so(registry: LawRegistry) -> None:
    """An empty number or date without a word about it looks like an oversight."""
    silent = [
        f"{one.law}@{one.version}"
        for instrument in registry.instruments.values()
        for one in instrument.versions
        if one.articles is None and not one.note
    ]
    assert silent == []
