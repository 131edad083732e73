"""Places for a database that can lose power or fill up."""

import fcntl
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

#: _IOR('X', 125, __u32) and EXT4_GOING_FLAGS_NOLOGFLUSH (fs/ext4/ext4.h): the file system stops at
#: once, and what was not written by then stays unwritten.
EXT4_IOC_SHUTDOWN: Final = 0x8004587D
NO_LOG_FLUSH: Final = 2
LOOP_MB: Final = 512
TMPFS_MB: Final = 160
UNMOUNT_TRIES: Final = 100


class Unavailable(Exception):
    """This machine cannot run the drill; the text says what it lacks."""


class Disk(Protocol):
    """Where the data are."""

    path: Path


class PlainDisk:
    """The machine's own."""

    def __init__(self, path: Path):
        self.path = path


class LoopDisk:
    """ext4 in a file: it can be cut off as by a power failure and mounted again."""

    def __init__(self, folder: Path):
        self.path = folder / "mount"
        self._image = folder / "image"
        self.path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(LOOP_MB * 1024 * 1024)
        _run("mkfs.ext4", "-q", "-F", str(self._image))

    def mount(self) -> None:
        """Mount; the journal is replayed as after a power failure."""
        _run("mount", "-o", "loop", str(self._image), str(self.path))

    def settle(self) -> None:
        """What is there now is on the disk (the set-up is not what is drilled)."""
        _run("sync", "--file-system", str(self.path))

    def cut(self) -> None:
        """The power fails."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def unmount(self) -> None:
        """Everything that had files open there is dead by now, or dying."""
        _unmount(self.path)


class SmallDisk:
    """A tmpfs that fills up: a real ENOSPC."""

    def __init__(self, folder: Path):
        self.path = folder / "small"
        self.path.mkdir()

    def mount(self) -> None:
        """Empty."""
        _run("mount", "-t", "tmpfs", "-o", f"size={TMPFS_MB}m,mode=0755", "tmpfs", str(self.path))

    def fill(self) -> None:
        """Not one page is left."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            block = b"x" * 65536
            while len(block) >= 512:
                try:
                    written = ballast.write(block)
                except OSError:
                    written = 0
                if written < len(block):
                    block = block[: len(block) // 2]

    def free(self) -> None:
        """Space again."""
        (self.path / "ballast").unlink()

    def unmount(self) -> None:
        """Gone with all that was on it."""
        _unmount(self.path)


@contextmanager
def open_disk(kind: str, folder: Path) -> Iterator[Disk]:
    """`plain`, `loop` or `small`. Raises Unavailable where mounting is not allowed."""
    if kind == "plain":
        yield PlainDisk(folder)
        return
    if os.geteuid() != 0 or shutil.which("mount") is None:
        raise Unavailable("mounting a disk of its own needs root")
    disk = LoopDisk(folder) if kind == "loop" else SmallDisk(folder)
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not installed") from None
    if done.returncode:
        raise Unavailable(f"{' '.join(command[:2])}: {done.stderr.strip()[-200:]}")


def _unmount(path: Path) -> None:
    for _ in range(UNMOUNT_TRIES):
        done = subprocess.run(["umount", str(path)], capture_output=True, text=True, check=False)
        if done.returncode == 0 or "not mounted" in done.stderr:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "--lazy", str(path)], check=False)
    raise Unavailable(f"{path} is still in use")
