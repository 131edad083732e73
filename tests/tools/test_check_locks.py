"""The lock check finds each thing a lock must not have."""

from pathlib import Path

import pytest

from tools.check_locks import read_lock

HASH = "    --hash=sha256:" + "0a" * 32
GOOD = f"alpha==1.0 \\\n{HASH} \\\n{HASH}\nbeta-two==2.1rc1 ; sys_platform == 'win32' \\\n{HASH}\n"


def problems_of(folder: Path, text: str) -> list[str]:
    lock = folder / "run.txt"
    lock.write_text(text, encoding="utf-8")
    problems: list[str] = []
    read_lock(lock, problems)
    return problems


def test_read_lock_accepts_pins_with_hashes(tmp_path: Path) -> None:
    assert problems_of(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{GOOD}alpha==1.1 \\\n{HASH}\n", "run.txt:6: alpha is there twice"),
        (f"{GOOD}gamma==1.0\n", "run.txt: gamma has no hash"),
        (f"{GOOD}gamma>=1.0 \\\n{HASH}\n", "run.txt:6: neither a pin nor a hash: gamma>=1.0 \\"),
        (
            f"--index-url https://mirror.example/simple\n{GOOD}",
            "run.txt:1: names a host or a place: --index-url https://mirror.example/simple",
        ),
        (
            f"{GOOD}gamma @ https://host.example/g.whl\n",
            "run.txt:6: names a host or a place: gamma @ https://host.example/g.whl",
        ),
        (f"--find-links /opt\n{GOOD}", "run.txt:1: names a host or a place: --find-links /opt"),
    ],
)
def test_read_lock_names_the_problem(tmp_path: Path, text: str, problem: str) -> None:
    assert problems_of(tmp_path, text) == [problem]
