"""What the `elearn` command does, each in a process of its own: wall time and memory too."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from bench.databases import ROOT
from bench.measure import Cost, Missing, Unexpected
from bench.operations.catalogue import Operation
from bench.world import MANY, Lab, build_world

IMPORTED: Final = 20_000
TIMEOUT_S: Final = 600


def measure_export(form: str, lab: Lab) -> Cost:
    """The completion report of everybody as a file."""
    target = lab.folder / f"completion.{form}"
    words = ["reports", "completion", "--unit", "QU", "--format", form, "--output", str(target)]
    cost = run(lab, lab.big.url, words)
    if form == "csv" and (lines := target.read_bytes().count(b"\n")) < MANY:
        raise Unexpected(f"an export of {lines} lines for {MANY} people")
    return cost


def measure_import(lab: Lab) -> Cost:
    """New people into units that are there."""
    world = build_world(lab, f"import_{secrets.token_hex(3)}", 0)
    world.engine.dispose()
    file = lab.folder / "people.csv"
    units = [(unit.code, unit.name) for unit in world.org.leaves]
    file.write_text("\n".join(_roster(units)), encoding="utf-8-sig")
    return run(lab, world.url, ["people", "import", str(file), "--json"], needle=str(IMPORTED))


def measure_check(lab: Lab) -> Cost:
    """Every file that ships; problems found there are the content's, not ours."""
    return run(lab, "", ["content", "check", "--json"], accept=(0, 1), needle='"counts"')


def measure_demo(lab: Lab) -> Cost:
    """The second start of the demo: everything is there already."""
    url = lab.server.new_database("demo")
    run(lab, url, ["demo", "--no-serve"])
    return run(lab, url, ["demo", "--no-serve"])


def run(
    lab: Lab, url: str, words: list[str], *, accept: Iterable[int] = (0,), needle: str = ""
) -> Cost:
    """`elearn WORDS`. Raises Missing where the command is not there, Unexpected where it fails."""
    note = lab.folder / "child.json"
    note.unlink(missing_ok=True)
    before = lab.server.backends.read()
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bench.child", str(note), *words],
        cwd=ROOT,
        env=_environment(lab, url),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    wall = time.perf_counter() - started
    time.sleep(0.2)  # the postmaster collects the backend
    after = lab.server.backends.read()
    _judge(done, tuple(accept), needle, words)
    seen: dict[str, Any] = json.loads(note.read_text())
    return Cost(
        n=1,
        app_cpu_ms=seen["cpu_s"] * 1000,
        db_cpu_ms=None if before is None or after is None else (after - before) * 1000,
        statements=seen["statements"],
        repeated=tuple((times, statement) for times, statement in seen["repeated"]),
        wall_s=wall,
        peak_rss_mb=seen["peak_rss_mb"],
    )


def _judge(
    done: subprocess.CompletedProcess[str], accept: tuple[int, ...], needle: str, words: list[str]
) -> None:
    if done.returncode in accept and needle in done.stdout:
        return
    said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1][-300:]
    what = f"elearn {' '.join(words[:2])}: {said}"
    if "ModuleNotFoundError" in said or "ImportError" in said or "没有命令" in said:
        raise Missing(what)
    raise Unexpected(f"exit {done.returncode}; {what}")


def _environment(lab: Lab, url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELEARN_")}
    instance = lab.folder / "instance"
    return {
        **kept,
        "PYTHONUTF8": "1",
        "ELEARN_INSTANCE_DIR": str(instance),
        "ELEARN_SECRET_KEY": secrets.token_hex(32),
        **({"ELEARN_DATABASE_URL": url} if url else {}),
    }


def _roster(units: list[tuple[str, str]]) -> Iterable[str]:
    yield "工号,姓名,单位代码,单位,职级,职务,是否负责人,政治面貌"
    for number in range(IMPORTED):
        code, name = units[number % len(units)]
        yield f"n{number},干部{number},{code},{name},一级科员,科员,否,中共党员"


OPERATIONS: Final = (
    Operation(f"export XLSX ({MANY:,} people)", partial(measure_export, "xlsx")),
    Operation(f"export CSV ({MANY:,} people)", partial(measure_export, "csv")),
    Operation(f"people import ({IMPORTED:,})", measure_import),
    Operation("content check", measure_check),
    Operation("second demo start", measure_demo),
)
