"""Check the lock files: pinned, hashed, no package twice, no host named, sources covered.

Prints one line per problem and exits 1 when there are any.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
#: Lock -> where its names come from.
SOURCES = {
    "run.txt": ("pyproject.toml", "run.in"),
    "dev.txt": ("pyproject.toml", "run.in", "dev.in"),
    "node.txt": ("node.in",),
    "lock.txt": ("lock.in",),
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
PIN = re.compile(r"^([a-z0-9-]+)==([^\s;\\]+)\s*(;[^\\]*)?\\?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}\s*\\?$")
# A scheme, or an option of pip that takes a host or a path.
HOST = re.compile(r"://|^\s*(?:-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def source_names(source: str) -> Iterator[str]:
    """Names a lock is made from: the project's dependencies, or the lines of an .in file."""
    if source == "pyproject.toml":
        project = tomllib.loads((ROOT / source).read_text(encoding="utf-8"))["project"]
        lines = project["dependencies"]
    else:
        lines = (REQUIREMENTS / source).read_text(encoding="utf-8").splitlines()
    for line in lines:
        match = NAME.match(line)
        if match:
            yield normal(match[0])


def read_lock(path: Path, problems: list[str]) -> dict[str, str]:
    """Name -> version. Adds a problem for every line that is not a pin or a hash."""
    pins: dict[str, str] = {}
    hashes: dict[str, int] = {}
    current = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        where = f"{path.name}:{number}"
        if HOST.search(line):
            problems.append(f"{where}: names a host or a place: {line.strip()}")
        elif pin := PIN.match(line):
            current = pin[1]
            if current in pins:
                problems.append(f"{where}: {current} is there twice")
            pins[current], hashes[current] = pin[2], 0
        elif HASH.match(line):
            hashes[current] = hashes.get(current, 0) + 1
        elif line.strip():
            problems.append(f"{where}: neither a pin nor a hash: {line.strip()}")
    problems += [f"{path.name}: {name} has no hash" for name, n in hashes.items() if not n]
    return pins


def check_python(problems: list[str]) -> None:
    locks: dict[str, dict[str, str]] = {}
    for lock, sources in SOURCES.items():
        pins = locks[lock] = read_lock(REQUIREMENTS / lock, problems)
        problems.extend(
            f"requirements/{lock}: {name} of {source} is not locked: make lock"
            for source in sources
            for name in source_names(source)
            if name not in pins
        )
    problems.extend(
        f"requirements/dev.txt: {name} is {locks['dev.txt'].get(name, 'missing')}, "
        f"run.txt has {version}"
        for name, version in locks["run.txt"].items()
        if locks["dev.txt"].get(name) != version
    )


def check_front_end(problems: list[str]) -> None:
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    problems.extend(
        f"package-lock.json:{number}: names a host: {line.strip()}"
        for number, line in enumerate(text.splitlines(), start=1)
        if "://" in line
    )
    packages = json.loads(text)["packages"]
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    seen: dict[str, str] = {}
    for place, package in packages.items():
        if not place:
            continue
        name = place.rpartition("node_modules/")[2]
        if name in seen:
            problems.append(f"package-lock.json: {name} is there twice: {seen[name]}, {place}")
        seen[name] = place
        if not package.get("integrity"):
            problems.append(f"package-lock.json: {place} has no integrity hash")
    problems.extend(
        f"package-lock.json: {kind} differ from package.json: make lock"
        for kind in ("dependencies", "devDependencies")
        if packages[""].get(kind, {}) != wanted.get(kind, {})
    )


def main() -> int:
    problems: list[str] = []
    check_python(problems)
    check_front_end(problems)
    print("\n".join(problems) or "locks: pinned, hashed, no package twice, no host named")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
