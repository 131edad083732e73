"""Every blueprint that ships is an exam an office can hold: five parallel forms from the shipped bank.

The numbers of the published rule sets (peers E) are written here, so that a preset that drifts away
from the rule it is named after fails.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from elearn.authoring.files import ContentSet, parse_files, read_folder
from elearn.core.assembly.draw import plan_draw
from elearn.core.assembly.forms import FormSet, assemble_forms
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.pool import PoolItem, pool_of
from elearn.core.credit.spec import YearRule
from elearn.core.errors import Infeasible

ROOT = Path(__file__).parents[2]
CODES = sorted(path.stem for path in (ROOT / "question_bank/blueprints").glob("*.yaml"))
FORMS = 5
# No question stands in more than two of the five forms; half a percent of full marks between the
# easiest and the hardest form.
EXPOSURE_PERMILLE = 400
SPREAD_PERMILLE = 5

# code -> (questions, full marks, minutes, pass mark, attempts, months a pass counts)
RULES = {
    "integrity-80": (80, 100, 50, 80, 1, 24),
    "dual-100": (85, 100, 90, 60, 1, 24),
    "open-book-120": (39, 100, 120, 80, 1, None),
    "mixed-essay-100": (43, 100, 90, 60, 1, None),
    "law-study-50": (50, 100, 90, 60, 3, 12),
    "rank-county-50": (50, 100, 90, 60, 3, 12),
    "rank-township-50": (50, 100, 90, 60, 3, 12),
    "points-law-50": (50, 100, 90, 60, 3, 12),
    "public-course-50": (50, 100, 60, 60, 1, None),
    "daily-5": (5, 5, 5, 3, 1, None),
    "special-10": (10, 10, 10, 6, 2, None),
    "post-chief-50": (50, 100, 60, 80, 1, 24),
    "post-approval-50": (50, 100, 60, 80, 1, 24),
    "post-hr-50": (50, 100, 60, 80, 1, 24),
    "post-finance-50": (50, 100, 60, 80, 1, 24),
    "post-village-50": (50, 100, 60, 80, 1, 24),
}


@pytest.fixture(scope="module")
def content() -> ContentSet:
    return parse_files(read_folder(ROOT))


@pytest.fixture(scope="module")
def presets(content: ContentSet) -> dict[str, Blueprint]:
    return {blueprint.code: blueprint for blueprint in content.blueprints.values()}


@pytest.fixture(scope="module")
def bank(content: ContentSet) -> list[PoolItem]:
    return list(pool_of(content.questions))


def five_forms(bank: list[PoolItem], blueprint: Blueprint) -> FormSet:
    """Raises Infeasible when the bank is too small for five forms under the bounds above."""
    balance = replace(blueprint.balance, exposure_permille=EXPOSURE_PERMILLE)
    return assemble_forms(plan_draw(bank, replace(blueprint, balance=balance)), "presets", FORMS)


@pytest.mark.parametrize("code", CODES)
def test_shipped_blueprint_gives_five_parallel_forms_from_the_shipped_bank(
    code: str, presets: dict[str, Blueprint], bank: list[PoolItem]
) -> None:
    blueprint = presets[code]
    forms = five_forms(bank, blueprint)
    assert len(forms.papers) == FORMS
    assert {paper.question_count for paper in forms.papers} == {blueprint.question_count}
    assert len({paper.hash for paper in forms.papers}) == FORMS
    assert max(forms.uses.values()) <= FORMS * EXPOSURE_PERMILLE // 1000
    # `spread` is in thousandths of a hundredth of a point.
    assert forms.spread <= blueprint.total_centi * SPREAD_PERMILLE


def test_a_bank_of_a_third_is_too_small_for_the_largest_paper(
    presets: dict[str, Blueprint], bank: list[PoolItem]
) -> None:
    with pytest.raises(Infeasible):
        five_forms(bank[::3], presets["integrity-80"])


@pytest.mark.parametrize("code", RULES)
def test_preset_has_the_numbers_of_its_rule(code: str, presets: dict[str, Blueprint]) -> None:
    one = presets[code]
    assert (
        one.question_count,
        one.total_centi // 100,
        one.duration_s // 60,
        one.pass_centi // 100,
        one.attempts,
        one.validity_months,
    ) == RULES[code]


def test_dual_pass_has_seventy_to_thirty_and_both_minima(presets: dict[str, Blueprint]) -> None:
    dual = presets["dual-100"]
    assert dual.group_totals() == {"理论": 7000, "廉政": 3000}
    assert dict(dual.section_minima) == {"理论": 4000, "廉政": 2000}


def test_papers_by_rank_are_alike_but_for_difficulty(presets: dict[str, Blueprint]) -> None:
    county, township = presets["rank-county-50"], presets["rank-township-50"]
    shape = [
        [(s.name, s.type, s.count, s.points_centi) for s in one.sections]
        for one in (county, township)
    ]
    assert shape[0] == shape[1]
    assert [s.quotas for s in county.sections] != [s.quotas for s in township.sections]


def test_the_page_of_presets_names_every_blueprint_that_ships() -> None:
    named = re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", (ROOT / "docs/presets.md").read_text("utf-8"))
    assert sorted(set(CODES) - set(named)) == []


def test_credit_rules_have_the_numbers_of_the_published_ones(content: ContentSet) -> None:
    rules = {spec.id: spec for spec in content.credit_rules.values()}
    assert {code: (rule.day_cap_centi, rule.year) for code, rule in rules.items()} == {
        "minutes-bands": (None, YearRule(5000)),
        "required-42-30": (None, YearRule(7200, 4200, 3000, carry=True)),
        "required-56-84": (None, YearRule(8400, 5600, carry=True)),
        "points-125": (125, YearRule(3000)),
        "daily-56": (56, None),
    }
    bands = rules["minutes-bands"]
    assert (bands.bands, bands.test_centi) == (((30, 100), (15, 50), (0, 25)), 50)
