"""A real server (the production WSGI server, in its own processes) and a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)
from sqlalchemy import Engine

from elearn.config import PACKAGE, shipped
from tests.servers.chromium import launch_arguments

expect.set_options(timeout=30_000)  # a shared machine may be slow; nothing here is timed

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
SITE_KEY = "e2e-secret-key-0123456789-0123456789"
QUIET = [
    "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """Where the server listens, the database behind it, its log."""

    url: str
    engine: Engine
    log: Path


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver."""
    with sync_playwright() as made:
        yield made


@pytest.fixture(scope="session")
def chromium(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """One browser for all tests; each test opens contexts of its own."""
    made = playwright.chromium.launch(
        executable_path=chromium_path, args=[*launch_arguments(), *QUIET]
    )
    yield made
    made.close()


@pytest.fixture
def open_page(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """`open_page()` is a new person's browser; console errors and CSP reports fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(size: dict[str, int] | None = None, **options: object) -> Page:
        context = chromium.new_context(
            base_url=site.url,
            viewport=size or PHONE,  # type: ignore[arg-type]  # a TypedDict in the stubs
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    expected = ("ERR_INTERNET_DISCONNECTED", "net::ERR_FAILED", "status of 400", "status of 422")
    assert [text for text in complaints if not any(word in text for word in expected)] == []


@pytest.fixture
def site(own_engine: Engine, content: Path, tmp_path: Path) -> Iterator[Site]:
    """The product served by `elearn serve` on a free port."""
    with serving(own_engine, content, tmp_path) as made:
        yield made


@contextmanager
def serving(engine: Engine, content: Path, folder: Path, **settings: str) -> Iterator[Site]:
    """A server of its own; `settings` are more of its environment."""
    port = free_port()
    log = folder / f"server-{port}.log"
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PACKAGE.parent),
        "ELEARN_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "ELEARN_SECRET_KEY": SITE_KEY,
        "ELEARN_INSTANCE_DIR": str(folder),
        "ELEARN_CONTENT_DIR": str(content),
        **settings,
    }
    words = ["serve", "--port", str(port), "--workers", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(  # our own program
            [sys.executable, "-m", "elearn.cli", *words],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
        )
    try:
        wait_until_up(f"http://127.0.0.1:{port}/healthz", process, log)
        yield Site(f"http://127.0.0.1:{port}", engine, log)
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """The shipped bank and one short course."""
    root = tmp_path / "content"
    shutil.copytree(shipped("question_bank"), root / "question_bank")
    folder = root / "courses" / "dis" / "short"
    folder.mkdir(parents=True)
    (folder / "course.md").write_text(COURSE)
    (folder / "01-first.md").write_text(LESSON)
    (folder / "02-second.md").write_text(SECOND)
    return root


COURSE = """\
---
编号: e2e-short
名称: 一盒茶叶怎么退
类别: DIS
主题: [DIS-04]
简介: 两节短课
性质: 必修
学时: 1
完成规则:
  小节: 全部
  学习分钟: 0
  随堂题: 通过
法规版本:
  纪律处分条例: "2023-12-19"
---
学会当场谢绝。
"""
LESSON = """\
---
编号: e2e-short-01
名称: 周五下午的窗口
分钟: 5
随堂题: 必答
---
## 一盒茶叶

邻居送来一盒茶叶，他家的事正在您手里。看[[纪律处分条例#97]]。

```quiz
【单选】以下做法恰当的是？
A. 收下，邻里往来很正常
B. 当面谢绝并说明原因
C. 收下后回送等值礼品
答案：B
解析：送礼人正在办理审批，应当谢绝；回送不改变收受的性质。
依据：纪律处分条例#97
```
"""
SECOND = """\
---
编号: e2e-short-02
名称: 写一句拒绝的话
分钟: 5
随堂题: 选答
---
## 想好一句话

!!! 行动 "本周做一件事"
    写下一句您能说出口的拒绝的话。
"""


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the first 200, or say what the server wrote."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  # loopback
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail("the server did not come up:\n" + log.read_text()[-3000:])
