"""A real Chromium for the browser tests: found, or installed where that is allowed.

python -m tests.servers.chromium             print the path of the browser
python -m tests.servers.chromium --install   first install what is missing (Debian, as root)
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PLACES = (
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find_chromium() -> Path | None:
    """`CHROME_PATH` if it is set (and then nothing else), or what the system has."""
    given = os.environ.get("CHROME_PATH", "")
    candidates = [given] if given else [*NAMES, *PLACES]
    found = (shutil.which(candidate) for candidate in candidates)
    return next((Path(path) for path in found if path), None)


def why_missing() -> str:
    given = os.environ.get("CHROME_PATH", "")
    if given:
        return f"CHROME_PATH={given} is not a program"
    return "no Chromium or Chrome found; install one (apt-get install chromium) or set CHROME_PATH"


def launch_arguments() -> list[str]:
    """Command line flags that let Chromium run headless here, in a container and as root too."""
    arguments = ["--disable-dev-shm-usage", "--disable-gpu", "--force-color-profile=srgb"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium refuses its sandbox to root
    return arguments


def has_chinese_font() -> bool:
    """Whether a page in Chinese shows letters, not boxes. True where nobody can tell."""
    tool = shutil.which("fc-list")
    if tool is None:
        return True
    listing = subprocess.run([tool, ":lang=zh-cn", "family"], capture_output=True, check=False)
    return listing.returncode != 0 or bool(listing.stdout.strip())


def install() -> None:
    """Install what is missing through apt when the user may; say so when not."""
    missing = [] if find_chromium() else ["chromium"]
    if os.environ.get("CHROME_PATH"):
        missing = []
    if missing or not has_chinese_font():
        missing.append("fonts-noto-cjk")
    if missing:
        apt_install(missing)


def apt_install(missing: list[str]) -> None:
    """Debian packages, when the user may install any; says so when not."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        print(f"browser: missing {', '.join(missing)}; installing needs root and apt-get")
        return
    print(f"browser: installing {', '.join(missing)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install_command = [apt, "install", "-y", "-qq", "--no-install-recommends", *missing]
    # One unreachable source makes `update` fail; what is wanted may still be there.
    for command in ([apt, "update", "-qq"], install_command):
        result = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if result.returncode:
            print(result.stdout.decode(errors="replace")[-2000:])
            print(f"browser: {' '.join(command)} failed")


if __name__ == "__main__":
    if "--install" in sys.argv[1:]:
        install()
    browser = find_chromium()
    print(browser or why_missing())
    sys.exit(0 if browser or "--install" in sys.argv[1:] else 1)
