"""A real WebKit, the engine family of every browser and webview on iOS: WebKitGTK, found or
installed where that is allowed.

python -m tests.servers.webkit             print what there is
python -m tests.servers.webkit --install   first install what is missing (Debian, as root)

It is driven by selenium: Playwright's own build of WebKit is not in Debian. It needs a display, so
every session starts an Xvfb of its own and stops it by its process id.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.servers.chromium import apt_install

PACKAGES = ("webkit2gtk-driver", "xvfb")
BROWSERS = ("webkit2gtk-4.1", "webkitgtk-6.0", "webkit2gtk-4.0")


class WebKit(NamedTuple):
    """Paths of the three programs."""

    driver: str
    browser: str
    display: str


def find_webkit() -> WebKit | None:
    """None when one of the three is missing."""
    driver, display = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    places = [
        place for name in BROWSERS for place in Path("/usr/lib").glob(f"*/{name}/MiniBrowser")
    ]
    if not driver or not display or not places:
        return None
    return WebKit(driver, str(places[0]), display)


def why_missing() -> str:
    return f"no WebKitGTK with its driver found; apt-get install {' '.join(PACKAGES)}"


@contextmanager
def virtual_display(program: str) -> Iterator[str]:
    """The name of a display nobody sees, e.g. `:0`."""
    reader, writer = os.pipe()
    command = [
        program,
        "-displayfd",
        str(writer),
        "-screen",
        "0",
        "1280x1024x24",
        "-nolisten",
        "tcp",
    ]
    process = subprocess.Popen(command, pass_fds=(writer,), stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as answer:
            number = answer.readline().strip()
        if not number:
            msg = "Xvfb ended without a display"
            raise RuntimeError(msg)
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def environment(display: str) -> dict[str, str]:
    """What the driver and the browser are started with."""
    made = {**os.environ, "DISPLAY": display, "LANG": "zh_CN.UTF-8", "TZ": "Asia/Shanghai"}
    if os.geteuid() == 0:
        made["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"  # tests only; it refuses root else
    return made


if __name__ == "__main__":
    if "--install" in sys.argv[1:] and find_webkit() is None:
        apt_install(list(PACKAGES))
    found = find_webkit()
    print(found.browser if found else why_missing())
    sys.exit(0 if found or "--install" in sys.argv[1:] else 1)
