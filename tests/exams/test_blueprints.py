"""Saving blueprints: located problems, refusals that keep the text, immutable revisions."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.access import Actor, Role
from elearn.core.errors import Conflict, DomainError, Infeasible
from elearn.core.questions.model import QuestionStatus
from elearn.exams.blueprints.queries import (
    blueprints_query,
    current_revision,
    get_blueprint,
    path_of,
    read_spec,
    source_text,
)
from elearn.exams.blueprints.services import (
    MAX_TEXT,
    BlueprintRefused,
    save_blueprint,
    sync_blueprint,
)
from elearn.models import (
    AuditEntry,
    BankQuestion,
    BlueprintRevision,
    BlueprintRow,
    ContentFile,
    LawVersion,
)
from tests.conftest import Browser
from tests.exams.conftest import Case
from tests.factories import NOW, make_actor, make_person
from tests.factories_exams import make_bank

TEXT = """# 注释也要留着
编号: quick-2
名称: 两题小测
时长: 10 分钟
合格线: 2
部分:
  - 名称: 单选题
    题型: 单选
    题数: 2
    每题: 2
"""


@pytest.fixture
def actor(session: Session) -> Actor:
    make_bank(session)
    return make_actor(make_person(session, None, Role.EXAMINER))


def save(session: Session, actor: Actor, text: str = TEXT, **values: Any) -> BlueprintRevision:
    return save_blueprint(session, text=text, actor=actor, now=NOW, **values)


def revisions(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(BlueprintRevision)) or 0


def test_save_publishes_a_revision_and_keeps_the_text(session: Session, actor: Actor) -> None:
    revision = save(session, actor)
    row = get_blueprint(session, "quick-2")
    assert current_revision(row).id == revision.id
    assert read_spec(revision).question_count == 2
    assert source_text(session, revision, "quick-2") == TEXT
    file = session.scalars(select(ContentFile)).one()
    assert (file.path, file.data.decode()) == (path_of("quick-2"), TEXT)
    assert file.synced_sha256 is None
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.object_id) == ("blueprint.save", "quick-2")


def test_the_same_content_is_the_same_revision(session: Session, actor: Actor) -> None:
    first = save(session, actor)
    again = save(session, actor, TEXT.replace("# 注释也要留着", "# 改了注释"), code="quick-2")
    assert again.id == first.id
    assert revisions(session) == 1


def test_a_change_is_a_new_revision_and_the_way_back_is_the_old_one(
    session: Session, actor: Actor
) -> None:
    first = save(session, actor)
    second = save(session, actor, TEXT.replace("10 分钟", "20 分钟"), code="quick-2")
    assert (second.id != first.id, revisions(session)) == (True, 2)
    assert current_revision(get_blueprint(session, "quick-2")).id == second.id
    back = save(session, actor, code="quick-2")
    assert back.id == first.id
    assert current_revision(get_blueprint(session, "quick-2")).id == first.id
    assert first.spec["duration_s"] == 600


def test_problems_are_located(session: Session, actor: Actor) -> None:
    broken = TEXT.replace("题数: 2", "题数: 很多").replace("合格线: 2", "合格: 99")
    with pytest.raises(BlueprintRefused) as caught:
        save(session, actor, broken)
    assert [(p.line, p.column > 0) for p in caught.value.problems] == [(9, True)]
    assert "题数" in caught.value.problems[0].message
    assert revisions(session) == 0


@pytest.mark.parametrize("text", ["", "随便写的", "- 1\n- 2", "\x00", "a: [", "x" * (MAX_TEXT + 1)])
def test_what_is_no_blueprint_is_refused(session: Session, actor: Actor, text: str) -> None:
    with pytest.raises(DomainError) as caught:
        save(session, actor, text)
    assert caught.value.status == 422
    assert revisions(session) == 0


def test_what_the_bank_cannot_fill_is_not_saved(session: Session, actor: Actor) -> None:
    with pytest.raises(Infeasible) as caught:
        save(session, actor, TEXT.replace("题数: 2", "题数: 5"))
    assert caught.value.shortages == ["单选：需要 5 题，题库只有 4 题，缺 1 题"]
    assert session.scalar(select(func.count()).select_from(BlueprintRow)) == 0
    assert session.scalar(select(func.count()).select_from(ContentFile)) == 0


def test_a_filter_knows_laws_and_audiences_as_the_bank_stores_them(
    session: Session, actor: Actor
) -> None:
    from tests.factories_exams import T, make_question  # noqa: PLC0415

    make_bank(
        session,
        [
            make_question(T.SINGLE, audience=("PARTY",), topic="LAW-02"),
            make_question(T.SINGLE, topic="LAW-02"),
        ],
    )
    filtered = TEXT.replace("题数: 2", "题数: 1").replace("每题: 2", "每题: 2\n    主题: LAW-02")
    save(session, actor, filtered.replace("题数: 1", "题数: 2") + "    对象: 党员\n")
    with pytest.raises(Infeasible):
        save(
            session,
            actor,
            filtered.replace("题数: 1", "题数: 2") + "    对象: 非党员\n",
            code="quick-2",
        )
    save(session, actor, filtered + "    法规: 监察法\n", code="quick-2")
    with pytest.raises(Infeasible):
        save(session, actor, filtered + "    法规: 刑法\n", code="quick-2")


def test_unknown_laws_are_named_once_a_registry_exists(session: Session, actor: Actor) -> None:
    session.add(
        LawVersion(
            short="监察法",
            title="中华人民共和国监察法",
            kind="法律",
            version="2024-12-25",
            status="IN_FORCE",
        )
    )
    session.flush()
    with pytest.raises(BlueprintRefused) as caught:
        save(session, actor, TEXT + "    法规: 监查法\n")
    assert "监察法" in caught.value.problems[0].hint


def test_codes_do_not_change_and_are_taken_once(session: Session, actor: Actor) -> None:
    save(session, actor)
    with pytest.raises(Conflict):
        save(session, actor)
    with pytest.raises(DomainError):
        save(session, actor, TEXT.replace("quick-2", "quick-3"), code="quick-2")
    assert revisions(session) == 1


def test_two_editors_do_not_overwrite_each_other(session: Session, actor: Actor) -> None:
    base = save(session, actor).hash
    save(session, actor, TEXT.replace("10 分钟", "20 分钟"), code="quick-2", base=base)
    with pytest.raises(Conflict) as caught:
        save(session, actor, TEXT.replace("10 分钟", "30 分钟"), code="quick-2", base=base)
    assert caught.value.code == "E-STALE"
    # A second click on the same save is no conflict.
    save(session, actor, TEXT.replace("10 分钟", "20 分钟"), code="quick-2", base=base)


def test_source_is_written_anew_when_the_file_says_something_else(
    session: Session, actor: Actor
) -> None:
    revision = save(session, actor)
    session.scalars(select(ContentFile)).one().data = b"\xff\xfe"
    session.flush()
    text = source_text(session, revision, "quick-2")
    assert text.startswith("编号: quick-2")
    assert save(session, actor, text, code="quick-2").id == revision.id


# ---------------------------------------------------------------- sync of files


def test_sync_brings_a_file_in_and_is_idempotent(session: Session, actor: Actor) -> None:
    path = path_of("quick-2")
    first, problems = sync_blueprint(session, text=TEXT, path=path, now=NOW)
    again, _ = sync_blueprint(session, text=TEXT, path=path, now=NOW)
    assert first is not None
    assert again is not None
    assert (first.id, problems, revisions(session)) == (again.id, [], 1)
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_sync_reports_and_changes_nothing(session: Session, actor: Actor) -> None:
    path = path_of("quick-2")
    kept, _ = sync_blueprint(session, text=TEXT, path=path, now=NOW)
    for text, code, where in (
        (TEXT.replace("时长: 10 分钟\n", ""), "B-missing", path),
        (TEXT.replace("题数: 2", "题数: 9"), "B-short", path),
        (TEXT, "B-file", path_of("other-name")),
    ):
        revision, problems = sync_blueprint(session, text=text, path=where, now=NOW)
        assert revision is None
        assert [(p.code, p.file) for p in problems] == [(code, where)]
    assert kept is not None
    assert current_revision(get_blueprint(session, "quick-2")).id == kept.id


# ---------------------------------------------------------------- pages


def test_list_and_page_show_supply_and_samples(client: Browser, case: Case) -> None:
    client.sign_in(case.examiner, case.session)
    save(case.session, make_actor(case.examiner))
    case.session.commit()
    assert "两题小测" in client.get("/manage/blueprints").get_data(as_text=True)
    page = client.get("/manage/blueprints/quick-2").get_data(as_text=True)
    assert "试卷 3" in page
    assert "够用" in page
    assert "T-SINGLE-" in page
    assert "# 注释也要留着" in page


def test_page_of_a_blueprint_that_no_longer_fits(client: Browser, case: Case) -> None:
    client.sign_in(case.examiner, case.session)
    save(case.session, make_actor(case.examiner))
    for row in case.session.scalars(select(BankQuestion)):
        row.status = QuestionStatus.RETIRED
    case.session.commit()
    page = client.get("/manage/blueprints/quick-2").get_data(as_text=True)
    assert "单选：需要 2 题，题库只有 0 题，缺 2 题" in page
    assert "试卷 1" not in page
    assert "不足" in client.get("/manage/blueprints").get_data(as_text=True)


def test_edit_page_saves(client: Browser, case: Case) -> None:
    client.sign_in(case.examiner, case.session)
    assert "编号: my-blueprint" in client.get("/manage/new-blueprint").get_data(as_text=True)
    response = client.post("/manage/new-blueprint", data={"text": TEXT.replace("\n", "\r\n")})
    assert response.headers["Location"] == "/manage/blueprints/quick-2"
    edit = client.get("/manage/blueprints/quick-2/edit").get_data(as_text=True)
    assert "# 注释也要留着" in edit
    base = current_revision(get_blueprint(case.session, "quick-2")).hash
    assert f'value="{base}"' in edit
    changed = {"text": TEXT.replace("10 分钟", "20 分钟"), "base": base}
    for _ in range(2):
        assert client.post("/manage/blueprints/quick-2/edit", data=changed).status_code == 302
    stale = {"text": TEXT.replace("10 分钟", "30 分钟"), "base": base}
    response = client.post("/manage/blueprints/quick-2/edit", data=stale)
    assert response.status_code == 422
    assert "别人保存了新的版本" in response.get_data(as_text=True)
    assert "30 分钟" in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("题数: 2", "题数: 40"), "单选：需要 40 题，题库只有 4 题，缺 36 题"),
        (("题数: 2", "题数: x"), "第 9 行"),
        (("题型: 单选", "题型: 连线"), "第 8 行"),
        ((TEXT, ""), "请填写组卷规则"),
    ],
)
def test_edit_page_refuses_and_keeps_the_text(
    client: Browser, case: Case, change: tuple[str, str], said: str
) -> None:
    client.sign_in(case.examiner, case.session)
    text = TEXT.replace(*change)
    response = client.post("/manage/new-blueprint", data={"text": text})
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert said in page
    assert text.strip().split("\n")[-1] in page
    rows = case.session.scalars(blueprints_query()).unique().all()
    assert [row.code for row in rows] == [case.exam.blueprint_revision.blueprint.code]


def test_blueprint_pages_are_for_examiners(browser: Any, case: Case) -> None:
    code = case.exam.blueprint_revision.blueprint.code
    urls = ("/manage/blueprints", f"/manage/blueprints/{code}", f"/manage/blueprints/{code}/edit")
    cadre = browser().sign_in(case.person, case.session)
    for url in urls:
        assert cadre.get(url).status_code == 403
        assert browser().get(url).headers["Location"].startswith("/sign-in")
    assert cadre.post(urls[2], data={"text": TEXT}).status_code == 403
    examiner = browser().sign_in(case.examiner, case.session)
    assert examiner.get("/manage/blueprints/none").status_code == 404
    assert examiner.post("/manage/blueprints/none/edit", data={"text": TEXT}).status_code == 404
    assert examiner.post("/manage/blueprints").status_code == 405
