"""The servers of a test run start, are named when missing, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.servers import chromium, plugin, postgres

ROOT = Path(__file__).parents[2]


def directory_of(url: str) -> Path:
    """Where a server of ours keeps everything: the directory of its socket."""
    return Path(str(make_url(url).query["host"]))


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start a server in this test even when the run was given or made one."""
    monkeypatch.delenv(postgres.URL_VARIABLE, raising=False)
    try:
        postgres.find_binaries()
    except postgres.PostgresUnavailable as error:
        plugin.skip_missing("PostgreSQL", str(error))


@pytest.mark.usefixtures("own_server")
def test_postgres_answers_and_leaves_nothing_behind() -> None:
    url, stop = postgres.start_postgres()
    try:
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT upper('é')")) == "É"
        engine.dispose()
        assert directory_of(url).stat().st_mode & 0o077 == 0
    finally:
        stop()
    assert not directory_of(url).exists()


@pytest.mark.usefixtures("own_server")
def test_postgres_ends_with_a_starter_that_was_killed() -> None:
    program = (
        "import time; from tests.servers.postgres import start_postgres\n"
        "print(start_postgres()[0], flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8"
    ) as starter:
        assert starter.stdout is not None
        directory = directory_of(starter.stdout.readline().strip())
        assert (directory / "data" / "postmaster.pid").exists()
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 15
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not directory.exists()


def test_start_postgres_uses_the_server_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(postgres.URL_VARIABLE, "postgresql+psycopg://tester@db.example/postgres")
    url, stop = postgres.start_postgres()
    stop()
    assert url == "postgresql+psycopg://tester@db.example/postgres"


def test_find_chromium_takes_chrome_path_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "my-chrome"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    monkeypatch.setenv("CHROME_PATH", str(program))
    assert chromium.find_chromium() is None  # not executable
    program.chmod(0o755)
    assert chromium.find_chromium() == program


@pytest.mark.parametrize(
    ("fixture", "setting", "named"),
    [
        (
            "chromium_path",
            {"CHROME_PATH": "/nowhere/chrome"},
            "Chromium: CHROME_PATH=/nowhere/chrome is not a program",
        ),
        ("webkit_paths", {"PATH": "/nowhere"}, "WebKit: no WebKitGTK with its driver found"),
    ],
)
@pytest.mark.parametrize(("strict", "code"), [("", 0), ("1", 1)])
def test_a_missing_browser_is_named_at_the_end(
    tmp_path: Path, fixture: str, setting: dict[str, str], named: str, strict: str, code: int
) -> None:
    (tmp_path / "conftest.py").write_text(
        'pytest_plugins = ["tests.servers.plugin"]\n', encoding="utf-8"
    )
    (tmp_path / "test_page.py").write_text(
        f"def test_page({fixture}):\n    pass\n", encoding="utf-8"
    )
    environment = {
        **os.environ,
        **setting,
        "PYTHONPATH": str(ROOT),
        plugin.STRICT_VARIABLE: strict,
    }
    environment.pop("PYTEST_ADDOPTS", None)
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            tmp_path,
            ".",
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert named in result.stdout
    assert "(1 test skipped)" in result.stdout
    assert result.stdout.rstrip().splitlines()[-1].startswith("1 skipped")
    assert result.returncode == code
