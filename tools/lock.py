"""Resolve requirements/*.in into hashed locks that name no host (make lock).

    python tools/lock.py              keep what is locked, add what is missing
    python tools/lock.py --upgrade    take the newest versions the ranges allow

The oldest supported Python decides (3.11.2, Debian 12), and one lock serves every newer one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
OLDEST_PYTHON = "3.11.2"
FLAGS = (
    "--quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header"
).split()

#: No settings of the machine, except which authorities it trusts.
UV = {"UV_NO_CONFIG": "1", "UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}

#: Lock -> its sources. dev.txt is bound to run.txt, so that tests run what is shipped.
LOCKS = {
    "run.txt": ["pyproject.toml", "requirements/run.in"],
    "dev.txt": ["pyproject.toml", "requirements/run.in", "requirements/dev.in"],
    "node.txt": ["requirements/node.in"],
    "lock.txt": ["requirements/lock.in"],
}


def compile_lock(name: str, sources: list[str], extra: list[str]) -> None:
    bound = ["--constraint", "requirements/run.txt"] if name == "dev.txt" else []
    options = [*FLAGS, "--python-version", OLDEST_PYTHON, *bound, *extra]
    target = ["--output-file", f"requirements/{name}"]
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", *options, *sources, *target],
        cwd=ROOT,
        env={**os.environ, **UV},
        check=True,
    )
    path = REQUIREMENTS / name
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if "# via" not in line]
    # Who wants a package is told by `pip show`; the lock stays a list of packages and hashes.
    path.write_text("\n".join(x for x in kept if not x.startswith("    #")) + "\n", "utf-8")


def lock_front_end() -> None:
    """package-lock.json: .npmrc leaves the hosts out, the funding links go here."""
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    subprocess.run(
        ["npm", "install", "--package-lock-only"],
        cwd=ROOT,
        env={**os.environ, "PATH": places},
        check=True,
    )
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        package.pop("funding", None)
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--upgrade"]):
        print(__doc__, file=sys.stderr)
        return 2
    for name, sources in LOCKS.items():
        compile_lock(name, sources, arguments)
    lock_front_end()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
