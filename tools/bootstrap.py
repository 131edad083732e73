"""Set up a checkout: environment, locked packages, front end. Standard library only.

    python3 tools/bootstrap.py run     what `make run` needs
    python3 tools/bootstrap.py dev     what `make test` and `make check` need

Every step leaves a stamp, the hash of what it was made from, and is skipped while the stamp
holds, so a second start costs a fraction of a second. Nothing is written outside the checkout.

The file parses on any Python 3.7+, so that an old `python3` ends in a sentence, not a traceback.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = VENV / "elearn-stamps.json"
MINIMUM = (3, 11)
OTHER_PYTHONS = ("python3.13", "python3.12", "python3.11", "python3.14")
OLDEST_NODE = 18

LAUNCHER = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from {module} import {function}

if __name__ == "__main__":
    sys.exit({function}())
"""


METADATA = """Metadata-Version: 2.1
Name: elearn
Version: {version}
"""


class SetupError(Exception):
    """Something the reader has to put right; the text says what and how."""


def say(text):
    print("setup: " + text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------- running things


def environment():
    """The child environment: the venv first on PATH, and a home that can be written to."""
    env = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"):
        env.pop(name, None)
    env["PATH"] = str(BIN) + os.pathsep + env.get("PATH", os.defpath)
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env["PIP_NO_INPUT"] = "1"
    # A Node from the package index trusts what the machine trusts (a company's own authority).
    env.setdefault("NODE_USE_SYSTEM_CA", "1")
    home = env.get("HOME", "")
    if not (home and os.path.isdir(home) and os.access(home, os.W_OK)):
        # Caches go beside the environment they serve; both tools want a home to exist.
        env["HOME"] = str(VENV / "home")
        os.makedirs(env["HOME"], exist_ok=True)
    return env


def run(command, what):
    """Run a command in the checkout, quiet unless it fails."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=str(ROOT),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if result.returncode:
        raise SetupError(
            "{} failed (exit {}).\n\n  {}\n\n{}".format(
                what, result.returncode, " ".join(map(str, command)), result.stdout.rstrip()
            )
        )
    return result.stdout


def answers(command):
    """The output of a command, or None where it is missing or fails."""
    try:
        result = subprocess.run(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


# ---------------------------------------------------------------- stamps


def digest(*parts):
    """Hash of strings, files and directory trees, names included."""
    total = hashlib.sha256()
    for part in parts:
        if not isinstance(part, Path):
            total.update(repr(part).encode())
            continue
        files = sorted(p for p in part.rglob("*") if p.is_file()) if part.is_dir() else [part]
        for path in files:
            total.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def read_stamps():
    try:
        return dict(json.loads(STAMPS.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def write_stamps(stamps):
    STAMPS.write_text(json.dumps(stamps, indent=1, sort_keys=True) + "\n", encoding="utf-8")


# ---------------------------------------------------------------- Python


PROBE = (
    "import sys\n"
    "try:\n"
    "    import ensurepip, venv; complete = 1\n"
    "except ImportError:\n"
    "    complete = 0\n"
    "print(sys.version_info[0], sys.version_info[1], complete)\n"
)


def choose_python():
    """Path of a Python new enough to build the environment with."""
    # Run by the Python of an environment (activated, or our own), take the one it was made with.
    own = getattr(sys, "_base_executable", None) or sys.executable or "python3"
    elsewhere = os.pathsep.join(
        place for place in os.environ.get("PATH", os.defpath).split(os.pathsep) if place != str(BIN)
    )
    found = []
    for name in (own, *OTHER_PYTHONS):
        path = shutil.which(name, path=elsewhere)
        seen = answers([path, "-c", PROBE]) if path else None
        if not seen:
            continue
        major, minor, complete = map(int, seen.split())
        found.append("{}.{}".format(major, minor))
        if (major, minor) >= MINIMUM and complete:
            return path
        if (major, minor) >= MINIMUM:
            raise SetupError(
                "{path} is Python {version} without the venv and ensurepip modules.\n"
                "On Debian and Ubuntu: apt-get install python{version}-venv\n"
                "On other systems install the package that holds `ensurepip`, or name another\n"
                "Python: make PYTHON=/path/to/python3.11 ...".format(path=path, version=found[-1])
            )
    raise SetupError(
        "Python {}.{} or newer is needed; found {}.\n"
        "Install it (Debian 12: apt-get install python3 python3-venv) or name it:\n"
        "make PYTHON=/path/to/python3.11 ...".format(
            MINIMUM[0], MINIMUM[1], ", ".join(found) or "none"
        )
    )


def ensure_environment(stamps):
    """A working virtual environment at .venv, made anew when it is broken or was moved."""
    version = answers([BIN / "python", "-c", "import sys, pip; print(sys.version_info[:2])"])
    if version and stamps.get("environment") == digest(str(VENV), version):
        return
    if VENV.exists() and version and "environment" not in stamps:
        # Somebody's own environment: use it, its packages are checked like ours.
        if (
            answers([BIN / "python", "-c", "import sys; assert sys.version_info >= (3, 11)"])
            is None
        ):
            raise SetupError(".venv holds an older Python; remove it and start again.")
        if answers([BIN / "python", "-c", "import sys; print(sys.prefix)"]) == str(VENV):
            stamps["environment"] = digest(str(VENV), version)
            return
    python = choose_python()
    say("creating .venv with " + python)
    if VENV.exists():
        shutil.rmtree(str(VENV))
    stamps.clear()
    run([python, "-m", "venv", VENV], "Creating the virtual environment")
    version = answers([BIN / "python", "-c", "import sys, pip; print(sys.version_info[:2])"])
    stamps["environment"] = digest(str(VENV), version)


def install_locked(lock):
    run(
        [BIN / "python", "-m", "pip", "install", "--quiet", "--require-hashes"]
        + ["--no-deps", "--only-binary=:all:", "--requirement", lock],
        "Installing " + lock.relative_to(ROOT).as_posix(),
    )


def ensure_packages(stamps, kind):
    """The locked packages. dev.txt holds everything run.txt holds, at the same versions."""
    locks = {name: ROOT / "requirements" / (name + ".txt") for name in ("run", "dev")}
    current = {name: digest(path) for name, path in locks.items()}
    if stamps.get("packages-" + kind) == current[kind]:
        return
    say("installing the packages of requirements/{}.txt".format(kind))
    for name in current:
        stamps.pop("packages-" + name, None)
    install_locked(locks[kind])
    stamps["packages-" + kind] = current[kind]
    if kind == "dev":
        stamps["packages-run"] = current["run"]


def ensure_project():
    """Make `import elearn`, its version and the `elearn` command work from the checkout.

    The same as an editable install, without a build backend: a path file, the metadata that
    `importlib.metadata` reads, and a launcher.
    """
    pattern = "lib/python*/site-packages"
    site = next(iter(sorted(VENV.glob(pattern))), None)
    if site is None:
        raise SetupError("{} has no {}; remove .venv and start again.".format(VENV, pattern))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "([^"]+)"$', project, re.MULTILINE).group(1)
    info = "elearn-{}.dist-info".format(version)
    for old in site.glob("elearn-*.dist-info"):
        if old.name != info:
            shutil.rmtree(str(old))
    listing = ["elearn-checkout.pth", info + "/METADATA", info + "/INSTALLER", info + "/RECORD"]
    files = {
        site / "elearn-checkout.pth": str(ROOT) + "\n",
        site / info / "METADATA": METADATA.format(version=version),
        site / info / "INSTALLER": "tools/bootstrap.py\n",
        site / info / "RECORD": "".join(name + ",,\n" for name in listing),
        BIN / "elearn": LAUNCHER.format(
            python=BIN / "python", module="elearn.cli", function="main"
        ),
    }
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    (BIN / "elearn").chmod(0o755)


# ---------------------------------------------------------------- front end


def node_is_new_enough():
    path = environment()["PATH"]
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    version = answers([node, "--version"]) if node and npm else None
    if not version:
        return False
    major = version.lstrip("v").split(".")[0]
    return major.isdigit() and int(major) >= OLDEST_NODE


def ensure_front_end(stamps):
    """node_modules from the lock, then the bundles; Node from PATH or from the package index."""
    assets, static = ROOT / "elearn" / "assets", ROOT / "elearn" / "static" / "build"
    modules = digest(ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc")
    sources = digest(modules, assets)
    built = (static / "manifest.json").exists()
    if built and stamps.get("assets") == sources:
        return
    if not node_is_new_enough():
        say("no Node {} or newer on this machine: installing it into .venv".format(OLDEST_NODE))
        install_locked(ROOT / "requirements" / "node.txt")
    if stamps.get("node_modules") != modules or not (ROOT / "node_modules").is_dir():
        say("installing the front-end packages of package-lock.json")
        run(["npm", "ci", "--no-progress", "--loglevel=error"], "npm ci")
        stamps["node_modules"] = modules
    say("building the front end")
    print(run(["node", assets / "build.mjs"], "Building the front end").rstrip(), file=sys.stderr)
    # The build writes tokens.css among its sources: hash what is there now.
    stamps["assets"] = digest(modules, assets)


# ---------------------------------------------------------------- all of it


def set_up(kind):
    checkout = os.open(str(ROOT), os.O_RDONLY)
    fcntl.flock(checkout, fcntl.LOCK_EX)  # two `make` at once take turns
    stamps = read_stamps()
    try:
        ensure_environment(stamps)
        ensure_packages(stamps, kind)
        ensure_project()
        ensure_front_end(stamps)
    finally:
        if VENV.is_dir():
            write_stamps(stamps)
        os.close(checkout)


def main(arguments):
    if arguments not in (["run"], ["dev"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        set_up(arguments[0])
    except SetupError as error:
        print("\nsetup: " + str(error) + "\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
