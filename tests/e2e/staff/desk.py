"""Staff at their desks and candidates on their phones, in real Chromium; every page is looked over."""

import os
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from elearn import db
from elearn.core.access import Role
from elearn.models import OrgUnit, Person
from tests.e2e.conftest import DESKTOP, PHONE, SITE_KEY
from tests.factories import make_person, make_unit, open_login_session

# What no page may have, whatever it is about: text beyond the edge, two titles, targets too small
# for a finger, a field without a name, a staff page without its place in the navigation.
FAULTS = """() => {
  const faults = [], shown = (e) => e.checkVisibility() && e.getBoundingClientRect().width > 0;
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) faults.push(`${page.scrollWidth} px wide of ${page.clientWidth}`);
  const titles = document.querySelectorAll("h1").length;
  if (titles !== 1) faults.push(`${titles} h1`);
  for (const each of document.querySelectorAll("button, summary, .btn, nav a, select, input[type=text]")) {
    const { height } = each.getBoundingClientRect();
    if (shown(each) && height < 43.5) faults.push(`${Math.round(height)} px high: ${each.outerHTML.slice(0, 90)}`);
  }
  for (const each of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!each.labels.length && !each.ariaLabel) faults.push(`no label: ${each.outerHTML.slice(0, 90)}`);
  }
  for (const each of document.querySelectorAll("h2, h3, caption, legend, summary")) {
    if (shown(each) && !each.textContent.trim()) faults.push(`empty ${each.tagName}`);
  }
  const here = document.querySelectorAll("nav.side [aria-current]").length;
  if (document.querySelector("body.staff nav.side") && here !== 1) {
    faults.push(`${here} current links in the navigation`);
  }
  return faults;
}"""


class Desk:
    """Who works here. `errors` holds what the browser complained about, `faults` what pages had."""

    def __init__(self, engine: Engine, chromium: Browser, url: str):
        self.engine, self.chromium, self.url = engine, chromium, url
        self.contexts: list[BrowserContext] = []
        self.errors: list[str] = []
        self.faults: list[str] = []

    def person(
        self, work: Session, unit: OrgUnit, *roles: Role, staff_no: str, name: str
    ) -> Person:
        """Somebody with a name and a number."""
        return make_person(work, unit, *roles, staff_no=staff_no, name=name)

    def office(self, work: Session) -> OrgUnit:
        """A district with two examiners `e1`, `e2`, beside which candidates are added."""
        unit = make_unit(work, name="区财政局")
        self.person(work, unit, Role.EXAMINER, staff_no="e1", name="林国强")
        self.person(work, unit, Role.EXAMINER, staff_no="e2", name="何素芬")
        return unit

    def open(self, staff_no: str, size: dict[str, int] | None = None, **options: Any) -> Page:
        """A browser of their own, signed in."""
        context = self.chromium.new_context(
            base_url=self.url,
            viewport=size or DESKTOP,  # type: ignore[arg-type]  # a TypedDict in the stubs
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **options,
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda said: (
                self.errors.append(said.text) if "Content Security Policy" in said.text else None
            ),
        )
        context.add_cookies([{"name": "elearn", "value": self.ticket(staff_no), "url": self.url}])
        return page

    def ticket(self, staff_no: str) -> str:
        """The cookie of somebody signed in: the sign-in page has tests of its own."""
        with db.new_session(self.engine, write=True) as work:
            person = work.scalars(select(Person).where(Person.staff_no == staff_no)).one()
            token = open_login_session(work, person, now=datetime.now(UTC))
        app = Flask(__name__)
        app.secret_key = SITE_KEY
        signer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert signer is not None
        return str(signer.dumps({"token": token, "_permanent": True}))

    def phone(self, staff_no: str, **options: Any) -> Page:
        """The same on a phone."""
        return self.open(staff_no, PHONE, **options)

    def look_over(self, page: Page, name: str) -> None:
        """Note what is wrong with the page; keep a picture for looking at when asked for."""
        self.faults += [f"{name}: {fault}" for fault in page.evaluate(FAULTS)]
        if folder := os.environ.get("ELEARN_TEST_SHOTS"):
            page.screenshot(path=f"{folder}/{name}.png", full_page=True)

    def narrow(self, page: Page, name: str) -> None:
        """Look the same page over as a phone would show it, then widen it again."""
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a TypedDict in the stubs
        self.look_over(page, f"{name}-390")
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]  # the same

    def change(self) -> Any:
        """A transaction on the database of the server."""
        return db.transaction(self.engine)

    def close(self) -> None:
        """Nothing may be left to complain about."""
        for context in self.contexts:
            context.close()
        assert not self.errors, "\n".join(self.errors)
        assert not self.faults, "\n".join(self.faults)


def said(page: Page, words: str) -> None:
    """The page confirms what was done."""
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()
