"""Run the static checks side by side and print what failed (make check, make fmt).

python tools/check.py              all of them
python tools/check.py ruff mypy    some of them
python tools/check.py --fix        format, and mend what can be mended
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"


class Outcome(NamedTuple):
    ok: bool
    text: str


def call(*command: str, **environment: str) -> Outcome:
    """Run a command of the environment from the checkout."""
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    result = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": path, "NO_COLOR": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return Outcome(result.returncode == 0, result.stdout.strip())


def migrations() -> Outcome:
    """The migrations build exactly the schema of the models, on an empty SQLite file."""
    with tempfile.TemporaryDirectory(prefix="elearn-check-") as folder:
        place = {
            "ELEARN_DATABASE_URL": f"sqlite:///{folder}/check.sqlite3",
            "ELEARN_INSTANCE_DIR": folder,
        }
        upgraded = call("elearn", "db", "upgrade", **place)
        return call("elearn", "db", "check", **place) if upgraded.ok else upgraded


# Templates are linted, not reformatted: djlint moves the text of macros onto lines of its own,
# which puts white space into the pages.
CHECKS: dict[str, Callable[[], Outcome]] = {
    "mypy": lambda: call("mypy", "--no-error-summary"),
    "djlint": lambda: call("djlint", "elearn/templates", "--lint", "--quiet"),
    "imports": lambda: call("lint-imports"),
    "migrations": migrations,
    "front-end": lambda: call("node", "elearn/assets/build.mjs", "--check"),
    "ruff": lambda: call("ruff", "check", "--output-format=concise", "."),
    "format": lambda: call("ruff", "format", "--check", "--output-format=concise", "."),
    "locks": lambda: call("python", "tools/check_locks.py"),
}

FIXES: dict[str, Callable[[], Outcome]] = {
    "ruff": lambda: call("ruff", "check", "--fix", "--output-format=concise", "."),
    "format": lambda: call("ruff", "format", "."),
}


def timed(name: str, check: Callable[[], Outcome]) -> bool:
    """Run one check and print its line; its output only when it failed."""
    started = time.monotonic()
    outcome = check()
    seconds = time.monotonic() - started
    report = f"{'ok    ' if outcome.ok else 'FAILED'} {name} ({seconds:.1f} s)"
    if not outcome.ok:
        report += "\n" + "\n".join(f"    {line}" for line in outcome.text.splitlines())
    print(report, flush=True)
    return outcome.ok


def main(arguments: list[str]) -> int:
    if arguments == ["--fix"]:
        # One after the other: two of them write the same files.
        results = [timed(name, fix) for name, fix in FIXES.items()]
        return 0 if all(results) else 1
    unknown = [name for name in arguments if name not in CHECKS]
    if unknown:
        print(f"no such check: {', '.join(unknown)}; there are {', '.join(CHECKS)}")
        return 2
    names = arguments or list(CHECKS)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        results = list(pool.map(lambda name: timed(name, CHECKS[name]), names))
    failed = [name for name, ok in zip(names, results, strict=True) if not ok]
    print(f"check: {len(names) - len(failed)} of {len(names)} passed", end="")
    print(f"; failed: {', '.join(failed)}" if failed else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
