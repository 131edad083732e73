"""The feasibility report's figures, and what they complain about."""

from elearn.core.assembly.constraints import Balance, Quota
from elearn.core.assembly.draw import plan_draw
from elearn.core.assembly.simulation import (
    Fairness,
    complaints,
    fairness_from_canonical,
    simulate,
)
from tests.core.assembly.samples import make_blueprint, make_item, make_section
from tests.core.assembly.test_balanced_draw import bank


def test_simulation_counts_what_was_drawn() -> None:
    plan = plan_draw(bank(40), make_blueprint(make_section(count=10)))
    report = simulate(plan, papers=200)
    assert (report.papers, report.failed, report.resits) == (200, 0, 0)
    assert sum(report.expected.values()) == 200
    assert sum(report.overlap.values()) == 199
    assert sum(report.exposure.values()) == 40
    assert sum(times * n for times, n in report.exposure.items()) == 2000
    assert report.low <= report.mean <= report.high
    assert 0 < report.mean_overlap_centi <= report.most_overlap * 100
    assert fairness_from_canonical(report.canonical()) == report
    assert simulate(plan, papers=200) == report
    assert complaints(plan, report) == []


def test_a_target_narrows_the_spread() -> None:
    section = make_section(count=10, points_centi=1000)
    wide = simulate(plan_draw(bank(60), make_blueprint(section)), papers=100)
    balance = Balance(6500, 50)
    plan = plan_draw(bank(60), make_blueprint(section, balance=balance))
    narrow = simulate(plan, papers=100)
    assert wide.high - wide.low > 300
    assert 6450 <= narrow.low <= narrow.high <= 6550


def test_failures_resits_and_exposure_are_complained_about() -> None:
    pool = [make_item(f"Q{n}", difficulty=3) for n in range(8)]
    section = make_section(count=5)
    unreachable = make_blueprint(section, balance=Balance(450, 5))
    plan = plan_draw(pool, unreachable)
    report = simulate(plan, papers=5)
    assert (report.papers, report.failed, report.low, report.mean) == (0, 5, 0, 0)
    assert (report.high, report.mean_overlap_centi, report.most_exposure_permille) == (0, 0, 0)
    assert "5 份达不到" in complaints(plan, report)[0]
    tight = make_blueprint(section, balance=Balance(seen_max=0, exposure_permille=100))
    plan = plan_draw(pool, tight)
    report = simulate(plan, papers=120)
    assert (report.resits, report.resits_failed) == (100, 100)
    lines = complaints(plan, report)
    assert "补考" in lines[0]
    assert "曝光上限 10.0%" in lines[1]


def test_overlap_of_individual_papers_is_said() -> None:
    blueprint = make_blueprint(make_section(count=5), balance=Balance(overlap_max=1))
    plan = plan_draw([make_item(f"Q{n}") for n in range(12)], blueprint)
    (line,) = complaints(plan, simulate(plan, papers=50))
    assert "请选平行卷" in line
    roomy = plan_draw([make_item(f"Q{n}") for n in range(5000)], blueprint)
    assert complaints(roomy, simulate(roomy, papers=5)) == []


def test_resits_that_work_are_no_complaint() -> None:
    quota = Quota(2, None, difficulty=(1, 2))
    blueprint = make_blueprint(
        make_section(count=5, quotas=(quota,)), balance=Balance(seen_max=0, exposure_permille=300)
    )
    plan = plan_draw(bank(60), blueprint)
    report = simulate(plan, papers=150)
    assert (report.resits, report.resits_failed) == (100, 0)
    assert complaints(plan, report) == []


def test_a_share_of_everything_has_no_noise() -> None:
    blueprint = make_blueprint(make_section(count=5), balance=Balance(exposure_permille=1000))
    plan = plan_draw([make_item(f"Q{n}") for n in range(5)], blueprint)
    report = simulate(plan, papers=3)
    assert isinstance(report, Fairness)
    assert report.most_exposure_permille == 1000
    assert complaints(plan, report) == []
