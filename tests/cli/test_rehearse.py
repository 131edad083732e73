"""`elearn exams rehearse`: the arithmetic of its verdict, and one short run on each database."""

import asyncio
import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from elearn.cli.rehearsal import judge
from elearn.cli.rehearsal.generator import Sample, evenly, rush
from elearn.cli.rehearsal.numbers import Figures, Usage, figures, percentile
from elearn.cli.rehearsal.protocol import Request
from elearn.cli.rehearsal.wire import Wire, parse_head
from elearn.config import PACKAGE

QUIET = Usage(busy=0.4, waiting_for_disk=0.0, server=0.3)


def step(
    per_s: float, *, ok: int = 1000, p95: float = 50.0, broken: int = 0, **values: object
) -> judge.Step:
    found = Figures("save", 1000, ok, 1000 - ok - broken, 0, broken, 10.0, p95, p95, p95, ok)
    usage = values.get("usage", QUIET)
    assert isinstance(usage, Usage)
    return judge.Step(per_s, found, usage, float(str(values.get("generator", 0.1))))


def test_the_smaller_of_saving_and_starting_decides_and_a_reserve_is_kept() -> None:
    assert judge.candidates(saves=100, starts=1000) == 3150  # 100 × 45 s × 0.7
    assert judge.candidates(saves=1000, starts=10) == 420  # 10 × 60 s × 0.7
    assert judge.candidates(saves=0, starts=10) == 0


@pytest.mark.parametrize(
    ("one", "carried"),
    [
        (step(20), True),
        (step(20, ok=999), True),
        (step(20, ok=998), False),
        (step(20, p95=501), False),
        (step(20, ok=999, broken=1), False),
    ],
)
def test_a_step_is_carried_when_nobody_noticed(one: judge.Step, *, carried: bool) -> None:
    assert one.carried is carried


def test_the_best_step_that_was_carried_counts() -> None:
    assert judge.best([step(20), step(32), step(51, p95=900)]) == 32
    assert judge.best([step(20, p95=900)]) == 0


@pytest.mark.parametrize(
    ("one", "database", "words"),
    [
        (step(20), "sqlite", "也没有满"),
        (step(20, ok=0, generator=0.95), "sqlite", "发请求的程序"),
        (step(20, ok=0, usage=Usage(0.5, 0.3, 0.1)), "postgresql", "磁盘"),
        (step(20, ok=0, usage=Usage(0.95, 0.0, 0.6)), "postgresql", "处理器"),
        (step(20, ok=0, usage=Usage(0.95, 0.0, 0.1)), "sqlite", "别的程序"),
        (step(20, ok=0), "sqlite", "一次只有一个写入者"),
        (step(20, ok=0), "postgresql", "锁或连接"),
    ],
)
def test_what_was_used_up_first_is_named(one: judge.Step, database: str, words: str) -> None:
    assert words in judge.first_used_up(one, database)


def test_latency_counts_from_when_a_request_was_due() -> None:
    """A server that stalled ten seconds is charged for everybody who came meanwhile."""
    samples = [Sample("save", due, 10.0, 200, acked=True) for due in range(10)]
    found = figures(samples, "save")
    assert found.max_ms == 10_000
    assert found.p50_ms == 5_000


def test_a_refusal_is_not_an_answer_and_a_retry_is_counted_apart() -> None:
    samples = [
        Sample("save", 0, 0.1, 503, advised=True),
        Sample("save", 0, 1.0, 200, acked=True, retry=True),
        Sample("save", 0, 0.1, 0),
        Sample("save", 0, 0.1, 200, acked=False),
        Sample("home", 0, 0.1, 200),
    ]
    found = figures(samples, "save")
    assert (found.n, found.ok, found.shed, found.shed_advised, found.broken) == (3, 0, 1, 1, 2)
    assert found.done == 1
    assert math.isnan(found.p95_ms)


def test_percentiles_are_nearest_rank() -> None:
    assert percentile([1, 2, 3, 4], 0.5) == 2
    assert percentile([1, 2, 3, 4], 0.95) == 4


def test_arrivals_do_not_depend_on_replies() -> None:
    starts = rush("start", people=1000, seconds=60)
    assert len({each.who for each in starts}) == 1000
    assert sum(1 for each in starts if each.due_s <= 10) == pytest.approx(500, abs=2)
    assert max(each.due_s for each in starts) < 60
    saves = evenly("save", per_s=100, seconds=50, people=10, first=5)
    assert len(saves) == pytest.approx(5000, rel=0.1)
    assert {each.who for each in saves} == set(range(5, 15))


def test_a_head_is_read_whatever_the_case_of_its_names() -> None:
    status, headers = parse_head(
        b"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\ncontent-LENGTH: 0\r\n\r\n"
    )
    assert status == 503
    assert headers["retry-after"] == "3"
    assert headers["content-length"] == "0"


def test_a_connection_the_server_ended_while_it_rested_is_opened_again() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def talk() -> list[int]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            wire = Wire(server.sockets[0].getsockname()[1])
            asked = Request("home", "GET", "/", {})
            first = await wire.ask(asked)
            async with asyncio.timeout(5):
                while not wire.ended:  # noqa: ASYNC110  nobody tells; the wire only sees it
                    await asyncio.sleep(0)
            second = await wire.ask(asked)
            wire.close()
            return [first.status, second.status]

    # A browser test that ran before in this process leaves its loop open on the main thread.
    with ThreadPoolExecutor(max_workers=1) as thread:
        assert thread.submit(asyncio.run, talk()).result() == [200, 200]


@pytest.mark.slow
def test_a_short_rehearsal_reports_and_leaves_nothing_behind(
    own_engine: Engine, tmp_path: Path
) -> None:
    url = own_engine.url.render_as_string(hide_password=False)
    before = own_rows(own_engine)
    out = tmp_path / "reports"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "elearn.cli", "exams", "rehearse"),
            *("--minutes", "0.4", "--workers", "1", "--candidates", "99999999"),
            *("--output", str(out)),
        ],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PACKAGE.parent),
            "PYTHONUTF8": "1",
            "ELEARN_DATABASE_URL": url,
            "ELEARN_SECRET_KEY": "rehearsal-secret-0123456789-0123456789",
            "ELEARN_INSTANCE_DIR": str(tmp_path / "instance"),
        },
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 1, done.stderr  # nobody carries a hundred million
    assert "本机约可承载" in done.stdout
    assert "不够" in done.stdout
    (report,) = out.glob("*.json")
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["wanted"] == 99999999
    assert found["steps"]["save"][0]["n"] > 0
    assert found["steps"]["save"][0]["ok"] > 0
    assert found["steps"]["start"][0]["ok"] > 0
    assert found["first_used_up"]
    (words,) = out.glob("*.txt")
    assert "先用满的资源" in words.read_text(encoding="utf-8")
    assert {path.suffix for path in out.iterdir()} == {".json", ".txt"}
    assert own_rows(own_engine) == before
    if own_engine.dialect.name == "postgresql":
        with own_engine.connect() as connection:
            names = connection.scalars(text("SELECT datname FROM pg_database")).all()
        assert not [name for name in names if name.startswith("elearn_rehearsal_")]


def own_rows(engine: Engine) -> int:
    """Whoever is in the real database."""
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM person")) or 0)
