"""The exam room of the browser tests. What is tested here runs in the browser: one database will do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine

from elearn import db, migrate
from tests.e2e.conftest import Site
from tests.e2e.exam_room import Room
from tests.e2e.weather import Weather, weather


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[Engine]:
    made = db.make_engine(f"sqlite:///{tmp_path / 'e2e.db'}")
    migrate.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def room(site: Site, chromium: Browser) -> Iterator[Room]:
    made = Room(site.engine, chromium, site.url)
    yield made
    for context in made.contexts:
        context.close()
    assert made.errors == []


@pytest.fixture
def page(room: Room) -> Page:
    """In the exam, at question 1."""
    made = room.device()
    room.start(made)
    return made


@pytest.fixture
def network(site: Site) -> Iterator[Weather]:
    """The way to the server, under a sky the test can change."""
    with weather(site.url) as made:
        yield made
