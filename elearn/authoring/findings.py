"""The checker's findings for the pages: a check takes seconds, so it runs once per state of the
files. Only a cache: every process may make it again, nothing depends on it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from elearn.core.problems import Problem

from .files import kind_of, read_folder, sha
from .services import ContentReport, check_content

Signature = tuple[tuple[str, int, int], ...]
_lock = Lock()
_kept: dict[Path, tuple[Signature, "Checked"]] = {}


@dataclass(frozen=True, slots=True)
class Checked:
    """A report, when it was made, and the SHA-256 of every file it is about."""

    report: ContentReport
    hashes: dict[str, str]
    at: datetime

    def of_file(self, path: str, first: int = 0, end: int | None = None) -> list[Problem]:
        """Problems of one file, optionally of the lines from `first` to before `end`."""
        return [
            problem
            for problem in self.report.problems
            if problem.file == path
            and (not first or (problem.line >= first and (end is None or problem.line < end)))
        ]

    def of_folder(self, folder: str | None) -> list[Problem]:
        """Problems of all files below a folder."""
        if folder is None:
            return []
        return [one for one in self.report.problems if one.file.startswith(folder + "/")]

    def unpublished(self, published: dict[str, str]) -> list[str]:
        """Files that are not in the database as they lie on the disk, or no longer lie there."""
        return sorted(
            path
            for path in self.hashes.keys() | published.keys()
            if self.hashes.get(path) != published.get(path)
        )


def checked(root: Path, *, now: datetime) -> Checked:
    """The findings for the files as they are now."""
    signature = _signature(root)
    with _lock:
        known = _kept.get(root)
        if known is None or known[0] != signature:
            hashes = {path: sha(data) for path, data in read_folder(root).items()}
            known = (signature, Checked(check_content(root), hashes, now))
            _kept[root] = known
        return known[1]


def _signature(root: Path) -> Signature:
    """Name, time and size of every content file: what tells that one has changed."""
    found = []
    for top in ("courses", "question_bank"):
        for path in sorted((root / top).rglob("*")):
            name = path.relative_to(root).as_posix()
            if kind_of(name) and path.is_file() and not path.is_symlink():
                state = path.stat()
                found.append((name, state.st_mtime_ns, state.st_size))
    return tuple(found)
