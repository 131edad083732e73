"""Printed papers as PDF: what the print pages say, set for paper and for years."""

import html
import json
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.errors import Conflict
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.printing import pdf
from elearn.exams.printing.sheets import printed_forms
from elearn.models import AuditEntry
from tests.conftest import Browser
from tests.exams.test_printing import (
    NOW,
    World,
    make_world,
    new_run,
    paper_of_form,
)
from tests.factories_exams import CANARY


@pytest.fixture
def world(session: Session) -> World:
    made = make_world(session)
    made.exam.title = (
        "任前“廉政”考试 #1 *重点* \\ <b> $x$"  # what a typesetter might take for its own
    )
    return made


def base_of(world: World, run_id: str) -> str:
    return f"/manage/exams/{world.exam.public_id}/print/{run_id}"


@pytest.fixture
def _font(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> None:
    try:
        pdf._fonts(tmp_path_factory.mktemp("fonts"))  # the finder itself
    except Conflict as missing:
        pytest.skip(f"SKIPPED ALOUD: {missing.message}")


@pytest.mark.usefixtures("_font")
def test_papers_sheet_and_key_are_documents_to_keep(
    session: Session, world: World, client: Browser
) -> None:
    run = new_run(session, world)
    world.exam.opens_at = NOW - timedelta(days=3)
    world.exam.closes_at = NOW - timedelta(days=2)
    session.commit()
    client.sign_in(world.maker, session)
    base = base_of(world, run.public_id)
    sizes = {}
    for address in ("/papers?as=pdf", "/papers?form=B&as=pdf", "/sheet?as=pdf", "/key?as=pdf"):
        answer = client.get(base + address)
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        assert answer.data.startswith(b"%PDF-1.7")
        assert b"pdfaid:part" in answer.data  # PDF/A, and a claim that it is accessible
        assert b"pdfuaid:part" in answer.data
        sizes[address] = len(answer.data)
    assert sizes["/papers?form=B&as=pdf"] < sizes["/papers?as=pdf"]
    opened = select(func.count()).where(AuditEntry.action.in_(("print.open", "print.key")))
    assert session.scalar(opened) == 3  # every opening, whatever it looks like


def test_the_pdf_says_what_the_page_says_and_no_key(
    session: Session, world: World, client: Browser, app: Flask
) -> None:
    run = new_run(session, world)
    session.commit()
    client.sign_in(world.maker, session)
    page = client.get(base_of(world, run.public_id) + "/papers?form=B").text
    assert "as=pdf" in page
    shown = re.sub(r"\s+", "", html.unescape(re.sub(r"<[^>]+>", "", page)))
    with app.test_request_context():
        forms = printed_forms(session, [form for form in run.papers if form.letter == "B"])
        spec = read_spec(world.exam.blueprint_revision)
        values = {"exam": world.exam, "blueprint": spec, "scoring": "全对得分"}
        data = pdf.papers_data(forms, run=run.public_id, **values)
    assert CANARY not in json.dumps(data, ensure_ascii=False)
    (form,) = data["forms"]
    said = [form["terms"], *form["rules"]]
    for section in form["sections"]:
        said.append(section["heading"])
        for item in section["items"]:
            said += [run["text"] for run in item["stem"]]
            for part in item["parts"]:
                said += [run["text"] for run in part["stem"]]
                said += [
                    f"{option['letter']}.{''.join(run['text'] for run in option['text'])}"
                    for option in part["options"]
                ]
    for words in said:
        assert re.sub(r"\s+", "", words) in shown, words
    assert len(said) > 2 * paper_of_form(run, "B").question_count


def test_bold_is_kept_and_everything_else_is_text() -> None:
    assert pdf._runs("下列**不**正确的是 #eval(1) $x$") == [
        {"text": "下列", "bold": False},
        {"text": "不", "bold": True},
        {"text": "正确的是 #eval(1) $x$", "bold": False},
    ]
    assert pdf._runs("") == []


def test_without_a_chinese_font_it_says_what_to_install(
    session: Session, world: World, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(session, world)
    session.commit()
    client.sign_in(world.maker, session)
    monkeypatch.setattr(pdf, "FAMILIES", ("没有这种字体",))
    pdf._fonts.cache_clear()
    answer = client.get(base_of(world, run.public_id) + "/papers?as=pdf")
    pdf._fonts.cache_clear()
    assert answer.status_code == 409
    assert "fonts-noto-cjk" in answer.text
    opened = select(func.count()).where(AuditEntry.action == "print.open")
    assert session.scalar(opened) == 0  # nothing was shown


def test_without_the_extra_the_page_offers_none_and_the_address_says_why(
    session: Session, world: World, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(session, world)
    session.commit()
    client.sign_in(world.maker, session)
    monkeypatch.setattr(pdf, "find_spec", lambda _: None)
    base = base_of(world, run.public_id)
    assert "as=pdf" not in client.get(base + "/papers").text
    for path in ("/papers", "/sheet"):
        answer = client.get(f"{base}{path}?as=pdf")
        assert answer.status_code == 409
        assert "elearn[pdf]" in answer.text


def test_a_stranger_gets_no_pdf_either(session: Session, world: World, client: Browser) -> None:
    run = new_run(session, world)
    early = new_run(session, world, approved=False, seed="f" * 32)
    session.commit()
    client.sign_in(world.stranger, session)
    for path in ("/papers", "/sheet", "/key"):
        assert client.get(f"{base_of(world, run.public_id)}{path}?as=pdf").status_code == 404
    client.sign_in(world.maker, session)
    assert client.get(f"{base_of(world, early.public_id)}/papers?as=pdf").status_code == 409
    assert client.get(f"{base_of(world, run.public_id)}/key?as=pdf").status_code == 409
