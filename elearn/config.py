"""Every setting in one place, typed, read from the environment once, failing loudly."""

import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from elearn.core.errors import DomainError

PACKAGE = Path(__file__).resolve().parent
DISPLAY_ZONE = ZoneInfo("Asia/Shanghai")


class SettingsError(DomainError):
    """A setting that cannot work; the message names it and says how to mend it."""


def shipped(name: str) -> Path:
    """`migrations`, `courses` or `question_bank`: beside the package in a checkout, inside it
    in an installed wheel."""
    beside = PACKAGE.parent / name
    return beside if beside.is_dir() else PACKAGE / "_shipped" / name


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are seconds. `bind` is what the server listens on; unknown means not loopback.

    `work_slots`, `work_queue`: requests at work and waiting at a time in one process
    (`elearn.web.shedding`). `service_worker`: False takes it away from phones that have it.
    """

    database_url: str
    secret_key: str = field(repr=False)
    instance_dir: Path
    content_dir: Path
    site_name: str = "廉政教育"
    help_contact: str = "本单位系统管理员"
    bind: str = ""
    https: bool = False
    proxy_hops: int = 0
    trusted_hosts: tuple[str, ...] = ()
    session_idle_s: int = 8 * 3600
    staff_idle_s: int = 2 * 3600
    work_slots: int = 4
    work_queue: int = 60
    service_worker: bool = True
    testing: bool = False

    @property
    def loopback_only(self) -> bool:
        """True when only this machine can reach the server: demo accounts may sign in."""
        if self.bind in {"localhost", "unix"}:
            return True
        try:
            return ipaddress.ip_address(self.bind).is_loopback
        except ValueError:
            return False

    def course_root(self) -> Path:
        """The folder holding `courses/` and `question_bank/`."""
        return self.content_dir


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read `ELEARN_*`. Raises SettingsError naming the variable that cannot work."""
    env = os.environ if env is None else env
    instance = Path(env.get("ELEARN_INSTANCE_DIR") or _default_instance()).resolve()
    url = env.get("ELEARN_DATABASE_URL") or f"sqlite:///{instance / 'elearn.db'}"
    return Settings(
        database_url=_database_url(url),
        secret_key=env.get("ELEARN_SECRET_KEY") or _local_secret(instance, url),
        instance_dir=instance,
        content_dir=Path(env.get("ELEARN_CONTENT_DIR") or shipped("courses").parent).resolve(),
        site_name=env.get("ELEARN_SITE_NAME") or "廉政教育",
        help_contact=env.get("ELEARN_HELP_CONTACT") or "本单位系统管理员",
        bind=env.get("ELEARN_BIND", ""),
        https=_flag(env, "ELEARN_HTTPS"),
        proxy_hops=_number(env, "ELEARN_PROXY_HOPS", 0, 0, 5),
        trusted_hosts=tuple(h for h in env.get("ELEARN_TRUSTED_HOSTS", "").split(",") if h),
        session_idle_s=_number(env, "ELEARN_SESSION_IDLE_S", 8 * 3600, 300, 7 * 86400),
        staff_idle_s=_number(env, "ELEARN_STAFF_IDLE_S", 2 * 3600, 300, 7 * 86400),
        work_slots=_number(env, "ELEARN_WORK_SLOTS", 4, 1, 64),
        work_queue=_number(env, "ELEARN_WORK_QUEUE", 60, 0, 1000),
        service_worker=_flag(env, "ELEARN_SERVICE_WORKER", default=True),
    )


def _default_instance() -> Path:
    """`instance/` in a checkout, the XDG data folder for an installed package."""
    if (PACKAGE.parent / "pyproject.toml").is_file():
        return PACKAGE.parent / "instance"
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "elearn"


def _database_url(url: str) -> str:
    """Accept the usual spellings; always name the psycopg 3 driver."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    msg = "ELEARN_DATABASE_URL 无法识别：应以 sqlite:/// 或 postgresql:// 开头。"
    raise SettingsError(msg, code="E-CONF")


def _local_secret(instance: Path, url: str) -> str:
    """One machine on SQLite keeps its own secret in a file only the owner can read; several
    processes on PostgreSQL must be given the same one."""
    if not url.startswith("sqlite"):
        msg = (
            "使用 PostgreSQL 时必须设置 ELEARN_SECRET_KEY（各进程相同，至少 32 个字符）。"
            "可用 python3 -c 'import secrets;print(secrets.token_hex(32))' 生成。"
        )
        raise SettingsError(msg, code="E-CONF")
    path = instance / "secret_key"
    instance.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    return path.read_text().strip()


def _flag(env: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    value = env.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"0", "false", "no", "off"}:
        return False
    if value in {"1", "true", "yes", "on"}:
        return True
    msg = f"{name} 只能是 1 或 0，现在是「{value}」。"
    raise SettingsError(msg, code="E-CONF")


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        msg = f"{name} 应为 {low} 到 {high} 之间的整数，现在是「{text}」。"
        raise SettingsError(msg, code="E-CONF")
    return int(text)
