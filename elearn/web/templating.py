"""Filters and globals of the templates: times, hours, points, assets, preferences."""

import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, request, url_for
from flask_login import current_user
from markupsafe import Markup, escape

from elearn.config import DISPLAY_ZONE, PACKAGE, Settings
from elearn.core.access import ROLE_NAMES, Permission
from elearn.core.questions.model import STATUS_NAMES, TYPE_NAMES
from elearn.core.taxonomy import STRAND_NAMES, TOPIC_NAMES

from .navigation import EXAM_PAGES, STAFF_PAGES, Group, open_to

FONT_STEPS = ("1", "2", "3", "4")
THEMES = ("auto", "light", "dark", "contrast")


def local(value: datetime | None, form: str = "%Y-%m-%d %H:%M") -> str:
    """UTC -> Asia/Shanghai text; nothing for None."""
    return "" if value is None else value.astimezone(DISPLAY_ZONE).strftime(form)


def day(value: datetime | date | None) -> str:
    """`6 月 30 日` for sentences."""
    if value is None:
        return ""
    at = value.astimezone(DISPLAY_ZONE) if isinstance(value, datetime) else value
    return f"{at.month} 月 {at.day} 日"


def centi(value: int | None) -> str:
    """Hundredths without needless zeros: 150 -> 1.5, 5000 -> 50."""
    if value is None:
        return ""
    whole, rest = divmod(value, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def duration(seconds: int) -> str:
    """`1 小时 5 分`, `50 分钟`, `40 秒`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} 小时 {minutes} 分" if minutes else f"{hours} 小时"
    return f"{minutes} 分钟" if minutes else f"{rest} 秒"


_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


@lru_cache(maxsize=16_384)
def bold(text: str) -> Markup:
    """Text of a question: `**…**` becomes <strong>, everything else stays text."""
    return Markup(_BOLD.sub(r"<strong>\1</strong>", str(escape(text))))  # noqa: S704 - escaped


def percent(part: int, whole: int) -> str:
    """One decimal, `–` when there is nothing to divide by."""
    return f"{100 * part / whole:.1f}%" if whole else "–"


@lru_cache(maxsize=1)
def _manifest(_: float) -> dict[str, str]:
    path = PACKAGE / "static" / "build" / "manifest.json"
    names: dict[str, str] = json.loads(path.read_text())
    return names


def asset(name: str) -> str:
    """URL of a built front-end file, by its source name (`app.css`)."""
    path = Path(PACKAGE / "static" / "build" / "manifest.json")
    if not path.is_file():
        return url_for("static", filename=f"build/{name}")
    return url_for("static", filename="build/" + _manifest(path.stat().st_mtime)[name])


def preferences() -> dict[str, str]:
    """Font step and theme from their cookies: the server writes them into <html>."""
    font = request.cookies.get("font", "1")
    theme = request.cookies.get("theme", "auto")
    return {
        "font": font if font in FONT_STEPS else "1",
        "theme": theme if theme in THEMES else "auto",
    }


def may(permission: str) -> bool:
    """For the navigation: is this permission held anywhere?"""
    return bool(current_user.is_authenticated and current_user.actor.may(Permission(permission)))


def staff_pages() -> Iterable[Group]:
    """The staff navigation of whoever is signed in."""
    return open_to(STAFF_PAGES, current_user.actor)


def exam_pages() -> Iterable[Group]:
    """The navigation of one exam."""
    return open_to(EXAM_PAGES, current_user.actor)


def init_app(app: Flask, settings: Settings) -> None:
    """Register everything above."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        bold=bold, local=local, day=day, centi=centi, duration=duration, signed=lambda n: f"{n:+d}"
    )
    names: dict[str, Any] = {
        "STRANDS": STRAND_NAMES,
        "TOPICS": TOPIC_NAMES,
        "TYPES": TYPE_NAMES,
        "STATUSES": STATUS_NAMES,
        "ROLES": ROLE_NAMES,
        "site_name": settings.site_name,
        "help_contact": settings.help_contact,
        "service_worker": settings.service_worker,
        "asset": asset,
        "percent": percent,
        "may": may,
        "staff_pages": staff_pages,
        "exam_pages": exam_pages,
        "preferences": preferences,
    }
    app.jinja_env.globals.update(names)
