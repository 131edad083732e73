"""Pytest plugin: the servers of a run, started once, and what was missing, named at the end.

Loaded by tests/conftest.py: `pytest_plugins = ["tests.servers.plugin"]`.

Fixtures (both for the whole session; a test that asks for one that cannot be had is skipped):

    postgres_url   SQLAlchemy URL of a server whose user may create databases
    chromium_path  path of the browser
    webkit_paths   paths of the second engine, its driver and its display

With `ELEARN_TEST_STRICT=1` a run that lacked something fails.
"""

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.servers import webkit
from tests.servers.chromium import find_chromium, why_missing
from tests.servers.postgres import URL_VARIABLE, PendingServer, PostgresUnavailable

STRICT_VARIABLE = "ELEARN_TEST_STRICT"
MARK = "not on this machine: "
SERVER = pytest.StashKey[PendingServer]()
#: Set for the workers of a parallel run when the server could not be started.
ERROR_VARIABLE = "ELEARN_TEST_POSTGRES_ERROR"


def skip_missing(what: str, why: str) -> None:
    """Skip the running test because the machine lacks something; the end of the run names it."""
    pytest.skip(f"{MARK}{what}: {why}")


def is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before xdist starts workers, put the address of one server into their environment."""
    parallel = not is_worker(config) and getattr(config.option, "numprocesses", None)
    if not parallel or config.option.collectonly or os.environ.get(URL_VARIABLE):
        return
    server = PendingServer()
    try:
        os.environ[URL_VARIABLE] = server.url()
        config.stash[SERVER] = server
    except PostgresUnavailable as error:
        os.environ[ERROR_VARIABLE] = str(error)


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(SERVER, None)
    if server is not None:
        server.stop()
        os.environ.pop(URL_VARIABLE, None)
    if not is_worker(config):
        os.environ.pop(ERROR_VARIABLE, None)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server: the run's own, or one for this session alone without xdist."""
    if os.environ.get(ERROR_VARIABLE):
        skip_missing("PostgreSQL", os.environ[ERROR_VARIABLE])
    if os.environ.get(URL_VARIABLE):
        yield os.environ[URL_VARIABLE]
        return
    server = PendingServer()
    try:
        url = server.url()
    except PostgresUnavailable as error:
        skip_missing("PostgreSQL", str(error))
    yield url
    server.stop()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = find_chromium()
    if path is None:
        skip_missing("Chromium", why_missing())
    return str(path)


@pytest.fixture(scope="session")
def webkit_paths() -> webkit.WebKit:
    found = webkit.find_webkit()
    if found is None:
        skip_missing("WebKit", webkit.why_missing())
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Takes the place of pytest-flask's fixture, which holds one request open during each test.

    Flask then lends that request's `g` to every request the test makes: database session and
    signed-in person of the first one would be those of all the others.
    """


# ---------------------------------------------------------------- the end of the run


def missing_things(config: pytest.Config) -> Counter[str]:
    """What was missing -> how many tests were skipped for it."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    reasons = (report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple))
    return Counter(reason.split(MARK, 1)[1] for reason in reasons if MARK in reason)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if is_worker(session.config) or not os.environ.get(STRICT_VARIABLE):
        return
    if missing_things(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    missing = missing_things(config)
    if not missing:
        return
    terminalreporter.section("not on this machine", yellow=True)
    for reason, count in sorted(missing.items()):
        terminalreporter.line(f"{reason} ({count} test{'' if count == 1 else 's'} skipped)")
