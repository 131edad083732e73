"""Looking at blueprints and editing them."""

from dataclasses import dataclass
from itertools import combinations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.bank.queries import load_pool
from elearn.core.assembly.draw import plan_draw
from elearn.core.assembly.model import REVIEW_NAMES, Blueprint
from elearn.core.assembly.pool import PoolItem
from elearn.core.assembly.simulation import PAPERS, Fairness, complaints, simulate
from elearn.core.errors import Conflict, DomainError, Infeasible
from elearn.core.problems import Problem
from elearn.exams.papers.charts import bars
from elearn.exams.papers.fairness import (
    expected_rows,
    exposure_rows,
    keep_fairness,
    known_fairness,
    overlap_rows,
)
from elearn.exams.papers.snapshots import newest_stock, plan_for
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .forms import BlueprintForm
from .queries import (
    blueprints_query,
    current_revision,
    get_blueprint,
    read_spec,
    shortage_lines,
    source_text,
    supply_table,
)
from .services import BlueprintRefused, save_blueprint

SAMPLES = 3
TEMPLATE = """编号: my-blueprint
名称: 新的组卷规则
对象: 全体
时长: 30 分钟
合格线: 60
多选计分: 全对得分
回看: 考试结束后看解析
部分:
  - 名称: 单选题
    题型: 单选
    题数: 20
    每题: 5
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One trial draw: per section, the questions' codes."""

    number: int
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def codes(self) -> set[str]:
        """Every question of the paper."""
        return {code for _, codes in self.sections for code in codes}


def blueprints() -> str:
    """All blueprints, each with whether the bank fills it today."""
    work = db.session()
    page = paginate(work, blueprints_query())
    specs = {row.code: read_spec(current_revision(row)) for row in page.items}
    short = {code: shortage_lines(work, spec) for code, spec in specs.items()}
    return render_template("exams/blueprints.html", page=page, specs=specs, short=short)


def blueprint(code: str) -> str:
    """One blueprint: sections, supply, shortages, three trial draws."""
    work = db.session()
    row = get_blueprint(work, code)
    spec = read_spec(current_revision(row))
    shortages = shortage_lines(work, spec)
    samples = [] if shortages else draw_samples(load_pool(work), spec)
    shared = [len(a.codes & b.codes) for a, b in combinations(samples, 2)]
    return render_template(
        "exams/blueprint.html",
        row=row,
        revision=current_revision(row),
        spec=spec,
        review_name=REVIEW_NAMES[spec.review],
        supplies=supply_table(work, spec),
        shortages=shortages,
        samples=samples,
        shared=sum(shared) / len(shared) if shared else 0,
        source=source_text(work, current_revision(row), code),
        report=None if shortages else known_fairness(work, spec, newest_stock(work)),
    )


def fairness(code: str) -> Response | str:
    """The feasibility report: a thousand simulated papers, as pictures and tables."""
    work = db.session()
    spec = read_spec(current_revision(get_blueprint(work, code)))
    if request.method == "POST":
        simulate_papers(spec)
        return redirect(url_for("exams.fairness", code=code))
    shortages = shortage_lines(work, spec)
    stock = newest_stock(work)
    report = None if shortages else known_fairness(work, spec, stock)
    rows = {} if report is None else _pictures(report)
    return render_template(
        "exams/fairness.html",
        code=code,
        spec=spec,
        report=report,
        rows=rows,
        pictures={name: bars(each) for name, each in rows.items()},
        complaints=complaints(plan_for(stock, spec), report) if report else [],
        shortages=shortages,
        papers=PAPERS,
        estimated=len(stock.estimates),
    )


def simulate_papers(spec: Blueprint) -> None:
    """Make the report if there is none. The drawing holds no transaction: on SQLite it would keep
    everybody who saves an answer waiting."""
    work = db.session()
    stock = newest_stock(work)
    known = known_fairness(work, spec, stock)
    work.rollback()
    if known is None:
        report = simulate(plan_for(stock, spec))
        keep_fairness(work, blueprint=spec, stock=stock, fairness=report, now=utcnow())
        work.commit()


def _pictures(report: Fairness) -> dict[str, list[tuple[str, int]]]:
    return {
        "expected": expected_rows(report),
        "overlap": overlap_rows(report),
        "exposure": exposure_rows(report),
    }


def edit_blueprint(code: str | None = None) -> Response | str | tuple[str, int]:
    """Edit or add a blueprint. A refusal keeps the text and says what is missing, per section."""
    work = db.session()
    row = get_blueprint(work, code) if code else None
    form = BlueprintForm()
    problems: list[Problem] = []
    shortages: list[str] = []
    if request.method == "GET":
        form.text.data = source_text(work, current_revision(row), row.code) if row else TEMPLATE
        form.base.data = current_revision(row).hash if row else ""
        return _edit_page(form, code, problems, shortages)
    if form.validate():
        try:
            return _save(form, code)
        except BlueprintRefused as error:
            problems = error.problems
        except Infeasible as error:
            shortages = error.shortages
        except (Conflict, DomainError) as error:
            form.text.errors = [*form.text.errors, error.message]
        work.rollback()
    return _edit_page(form, code, problems, shortages), 422


def draw_samples(pool: list[PoolItem], spec: Blueprint) -> list[Sample]:
    """Three papers of fixed seeds: what candidates could get, question by question."""
    codes = {item.revision_hash: item.code for item in pool}
    plan = plan_draw(pool, spec)
    samples = []
    for number in range(1, SAMPLES + 1):
        paper = plan.draw(f"sample-{number}")
        sections = tuple(
            (section.name, tuple(codes[item.revision_hash] for item in section.items))
            for section in paper.sections
        )
        samples.append(Sample(number, sections))
    return samples


def _save(form: BlueprintForm, code: str | None) -> Response:
    work = db.session()
    revision = save_blueprint(
        work,
        text=(form.text.data or "").replace("\r\n", "\n"),
        actor=actor(),
        now=utcnow(),
        code=code,
        base=form.base.data or None,
    )
    saved, spec = revision.blueprint.code, read_spec(revision)
    work.commit()
    simulate_papers(spec)
    flash("组卷规则已保存。已安排的考试仍用原来的版本。", "ok")
    return redirect(url_for("exams.blueprint", code=saved))


def _edit_page(
    form: BlueprintForm, code: str | None, problems: list[Problem], shortages: list[str]
) -> str:
    return render_template(
        "exams/edit_blueprint.html", form=form, code=code, problems=problems, shortages=shortages
    )
