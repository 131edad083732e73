"""The desk of the browser tests of staff pages. What is tested here runs in the browser: one
database will do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlalchemy import Engine

from elearn import db, migrate
from tests.e2e.conftest import Site
from tests.e2e.staff.desk import Desk


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[Engine]:
    made = db.make_engine(f"sqlite:///{tmp_path / 'e2e.db'}")
    migrate.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def desk(site: Site, chromium: Browser) -> Iterator[Desk]:
    made = Desk(site.engine, chromium, site.url)
    yield made
    made.close()
