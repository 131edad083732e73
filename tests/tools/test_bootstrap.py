"""Set-up on machines that lack something ends in a sentence that says what to install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap

WITHOUT_ENSUREPIP = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name == "ensurepip":
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
"""


def test_bootstrap_names_the_package_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    shutil.copy(Path(bootstrap.__file__), tmp_path / "tools")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(WITHOUT_ENSUREPIP, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, tmp_path / "tools" / "bootstrap.py", "run"],
        env={"PATH": os.defpath, "PYTHONPATH": str(tmp_path / "broken")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert result.returncode == 1
    assert f"apt-get install python{version}-venv" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_digest_changes_with_content_and_with_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    (tmp_path / "a").mkdir()
    one = tmp_path / "a" / "one.css"
    one.write_text("x", encoding="utf-8")
    before = bootstrap.digest(tmp_path / "a")
    one.write_text("y", encoding="utf-8")
    changed = bootstrap.digest(tmp_path / "a")
    one.rename(tmp_path / "a" / "two.css")
    renamed = bootstrap.digest(tmp_path / "a")
    assert len({before, changed, renamed}) == 3
