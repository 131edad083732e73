"""A wheel, installed where there is no checkout, draws, migrates, shows and serves the product."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVE = """
import json, elearn
from elearn.app import create_app
app = create_app()
client = app.test_client()
page = client.get("/sign-in")
style = page.text.split('<link rel="stylesheet" href="')[1].split('"')[0]
print(json.dumps({"from": elearn.__file__, "page": page.status_code,
                  "style": client.get(style).status_code}))
"""


@pytest.mark.slow
def test_an_installed_wheel_serves(tmp_path: Path) -> None:
    wheel = _build(tmp_path)
    site = tmp_path / "site"
    _python(tmp_path, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel)
    _python(tmp_path, "-m", "elearn.cli", "db", "upgrade", site=site)
    synced = _python(tmp_path, "-m", "elearn.cli", "content", "sync", "--json", site=site)
    assert json.loads(synced)["counts"]["questions"] > 0
    drawn = _python(
        tmp_path, "-m", "elearn.cli", "exams", "draw", "integrity-80", "--seed", "1", "--json",
        site=site,
    )  # fmt: skip
    assert json.loads(drawn)["blueprint"] == "integrity-80"
    told = json.loads(_python(tmp_path, "-c", SERVE, site=site))
    assert Path(told["from"]).is_relative_to(site)
    assert (told["page"], told["style"]) == (200, 200)


def _build(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def _python(folder: Path, *command: object, site: Path | None = None) -> str:
    """Run away from the checkout: only `site` and the locked packages are importable."""
    env = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "ELEARN_SECRET_KEY": "0" * 64,
        "ELEARN_DATABASE_URL": f"sqlite:///{folder / 'wheel.sqlite3'}",
    }
    if site is not None:
        env["PYTHONPATH"] = os.pathsep.join([str(site), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=env,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
