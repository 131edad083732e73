"""The `elearn` command as a person and a script meet it: a real process, a real database."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from elearn.cli import cli
from elearn.config import PACKAGE

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`run("content", "check")` is the command with an instance folder of its own."""

    def call(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # our own program
            [sys.executable, "-m", "elearn.cli", *words],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(PACKAGE.parent),
                "ELEARN_INSTANCE_DIR": str(tmp_path / "instance"),
                "ELEARN_SECRET_KEY": "k" * 40,
                "LANG": "C.UTF-8",
                **env,
            },
        )

    return call


def every_command() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for name, group in cli.commands.items():
        found.append((name,))
        found += [(name, sub) for sub in getattr(group, "commands", {})]
    return found


def test_the_promised_commands_exist() -> None:
    assert set(every_command()) >= {
        ("serve",), ("demo",),
        ("db", "upgrade"), ("db", "downgrade"), ("db", "check"),
        ("content", "check"), ("content", "sync"), ("content", "export"),
        ("questions", "check"), ("questions", "import"), ("questions", "export"),
        ("exams", "draw"), ("exams", "preflight"), ("reports", "completion"), ("people", "import"), ("user", "add"),
    }  # fmt: skip


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_help_is_chinese_with_an_example(words: tuple[str, ...]) -> None:
    from click.testing import CliRunner  # noqa: PLC0415

    result = CliRunner().invoke(cli, [*words, "--help"])
    assert result.exit_code == 0
    assert "用法：" in result.output
    assert "例：" in result.output
    for english in ("Usage", "Options", "Show this", "Commands:"):
        assert english not in result.output


def test_wrong_use_is_2_and_says_so_in_chinese(run: Run) -> None:
    for words in (["exams", "draw"], ["exams", "draw", "integrity-80"], ["nonsense"], ["--nope"]):
        result = run(*words)
        assert result.returncode == 2, words
        assert result.stderr.startswith("用法不对："), result.stderr


def test_shipped_content_checks_clean_and_speaks_json(run: Run) -> None:
    result = run("content", "check", "--json")
    assert result.returncode == 0, result.stdout[-2000:]
    document = json.loads(result.stdout)
    assert document["problems"] == []
    assert document["counts"]["questions"] >= 300
    assert document["counts"]["courses"] >= 4


def test_reading_figures_are_a_table_and_json(run: Run) -> None:
    table = run("content", "report")
    assert table.returncode == 0
    assert "标注分" in table.stdout
    assert "每分钟 260 字" in table.stdout
    document = json.loads(run("content", "report", "--json").stdout)
    assert len(document["lessons"]) >= 60
    assert f"{len(document['lessons'])} 节。中位数" in table.stdout
    first = document["lessons"][0]
    assert first["lesson"] in table.stdout
    assert first["characters"] > 1000
    assert set(document["medians"]) == {"字数", "阅读分", "均句长"}


def test_reading_figures_of_an_empty_folder_are_none(run: Run, tmp_path: Path) -> None:
    document = json.loads(run("content", "report", str(tmp_path), "--json").stdout)
    assert (document["lessons"], document["medians"]) == ([], {})


def test_a_faulty_file_is_1_with_the_place(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "坏题.md"
    path.write_text("---\n主题: DIS-04\n---\n【单选】问题\nA. 一\nB. 二\n答案：D\n")
    result = run("questions", "check", str(path), "--json")
    assert result.returncode == 1
    problems = json.loads(result.stdout)["problems"]
    assert {"file", "line", "column", "code", "message", "hint"} <= problems[0].keys()
    assert {problem["file"] for problem in problems} == {str(path)}
    assert 7 in {problem["line"] for problem in problems}


def test_draw_is_the_same_everywhere_and_differs_by_seed(run: Run) -> None:
    papers = [
        json.loads(run("exams", "draw", "integrity-80", "--seed", seed, "--json", **env).stdout)
        for seed, env in (
            ("7", {"PYTHONHASHSEED": "1"}),
            ("7", {"PYTHONHASHSEED": "2", "TZ": "America/New_York"}),
            ("8", {}),
        )
    ]
    assert papers[0] == papers[1]
    assert papers[0]["paper_hash"] != papers[2]["paper_hash"]
    assert len(set(papers[0]["codes"])) == 80


def test_draw_that_cannot_be_filled_names_what_is_missing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_text(
        "编号: big\n名称: 太大\n时长: 10\n合格线: 2\n部分:\n"
        "  - 名称: 判断\n    题型: 判断\n    题数: 490\n    每题: 1\n"
    )
    result = run("exams", "draw", str(path), "--seed", "1")
    assert result.returncode == 1
    assert "490" in result.stderr
    assert "缺" in result.stderr


def test_a_database_is_made_filled_and_asked_for(run: Run, own_engine: Engine) -> None:
    url = own_engine.url.render_as_string(hide_password=False)
    env = {"ELEARN_DATABASE_URL": url}
    assert run("db", "upgrade", **env).returncode == 0
    assert run("content", "sync", **env).returncode == 0
    again = run("content", "sync", "--json", **env)
    assert json.loads(again.stdout)["counts"]["taken"] == 0
    added = run(
        "user", "add", "boss", "--name", "王五", "--unit", "QU", "--role", "SYS_ADMIN", **env
    )
    assert added.returncode == 0, added.stderr
    assert "初始密码" in added.stdout
    twice = run("user", "add", "boss", "--name", "王五", "--unit", "QU", **env)
    assert twice.returncode == 1
    output = "完成情况.json"
    report = run(
        "reports", "completion", "--unit", "QU", "--format", "json", "--output", output, **env
    )
    assert report.returncode == 0, report.stderr


def test_a_database_that_is_not_ready_says_what_to_run(run: Run) -> None:
    result = run("content", "sync")
    assert result.returncode == 1
    assert "elearn db upgrade" in result.stderr


def test_regrade_works_off_what_waits_and_says_how_much(run: Run) -> None:
    assert run("db", "upgrade").returncode == 0
    done = run("exams", "regrade", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"attempts": 0})


def test_downgrade_asks_for_confirmation(run: Run) -> None:
    assert run("db", "upgrade").returncode == 0
    assert run("db", "downgrade", "base").returncode == 1
    assert run("db", "downgrade", "base", "--yes").returncode == 0


def test_export_writes_the_shipped_files_byte_for_byte(run: Run, tmp_path: Path) -> None:
    assert run("db", "upgrade").returncode == 0
    assert run("content", "sync").returncode == 0
    assert run("content", "export", str(tmp_path / "out")).returncode == 0
    shipped = PACKAGE.parent
    for path in (tmp_path / "out").rglob("*.*"):
        name = path.relative_to(tmp_path / "out")
        assert path.read_bytes() == (shipped / name).read_bytes(), name
    assert (tmp_path / "out" / "question_bank" / "laws.yaml").is_file()


def test_demo_is_made_once(run: Run) -> None:
    first = run("demo", "--no-serve", ELEARN_DEMO_PASSWORD="Demo-x-2026")
    assert first.returncode == 0, first.stderr
    assert "cadre1" in first.stdout
    assert "Demo-x-2026" in first.stdout
    second = run("demo", "--no-serve")
    assert second.returncode == 0, second.stderr
