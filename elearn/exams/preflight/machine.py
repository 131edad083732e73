"""The machine and the database: what keeps answers safe, and whether it carries the room."""

import json
import shutil
import stat
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from elearn.config import DISPLAY_ZONE, PACKAGE, Settings
from elearn.exams.attempts.heartbeat import SILENT_AFTER, is_silent, last_round
from elearn.exams.attempts.queries import due_query
from elearn.models import Exam

from .findings import Line, failed, note, passed
from .people import roster_size

GB: Final = 1024**3
CLOSES_WITHIN: Final = timedelta(minutes=2)
REHEARSED_WITHIN: Final = timedelta(days=14)
BACKED_UP_WITHIN: Final = timedelta(hours=24)
SECRET_LENGTH: Final = 32


def check_schema(at: str | None, wanted: str | None) -> Line:
    """The database is at the program's own schema."""
    if at == wanted:
        return passed("数据库结构", f"{at}，和程序一致")
    words = f"数据库是 {at or '空的'}，程序要 {wanted}"
    return failed("数据库结构", words, "先备份，再运行 elearn db upgrade。")


def check_clock(told: datetime, own: datetime) -> Line:
    """Deadlines go by the database's clock; logs and certificates by the machine's."""
    apart = abs((told - own).total_seconds())
    words = f"数据库和本机相差 {apart:.1f} 秒"
    mend = "两台机器都打开时间同步（timedatectl set-ntp true），考前再查一次；考试中不要改时间。"
    if apart > 60:
        return failed("时钟", words, mend)
    return note("时钟", words, mend) if apart > 2 else passed("时钟", words)


def durability(connection: Connection) -> dict[str, str]:
    """The settings that decide whether a confirmed answer survives a power cut."""
    if connection.dialect.name == "sqlite":
        return {
            name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar())
            for name in ("synchronous", "journal_mode")
        }
    return {
        name: str(connection.exec_driver_sql(f"SHOW {name}").scalar())
        for name in ("fsync", "full_page_writes", "synchronous_commit")
    }


def check_durability(values: Mapping[str, str]) -> Line:
    """`values` from `durability`."""
    words = "、".join(f"{name}={value}" for name, value in values.items())
    safe = {
        "fsync": {"on"},
        "full_page_writes": {"on"},
        "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
        "synchronous": {"2", "3"},
        "journal_mode": {"wal"},
    }
    wrong = [name for name, value in values.items() if value not in safe[name]]
    if wrong:
        mend = f"把 {'、'.join(wrong)} 改回安全的值并重启数据库：现在断电会丢已确认的答案。"
        return failed("落盘", words, mend)
    return passed("落盘", words)


def check_disk(settings: Settings, total: int = 0, free: int = 0) -> Line:
    """Free space where the data are; `total` and `free` bytes, read from the disk when 0."""
    url = make_url(settings.database_url)
    lite = url.get_backend_name() == "sqlite"
    folder = Path(url.database or "").parent if lite else settings.instance_dir
    if not total:
        usage = shutil.disk_usage(folder)
        total, free = usage.total, usage.free
    words = f"{folder} 空余 {free / GB:.1f} GB（{100 * free // total}%）"
    if not lite:
        words += "；PostgreSQL 的盘请在数据库那台机器上看"
    mend = "腾出空间：空余要有 20% 以上，且不少于 5 GB。"
    if free < GB:
        return failed("磁盘", words, mend)
    short = free < 5 * GB or free * 5 < total
    return note("磁盘", words, mend) if short else passed("磁盘", words)


def check_secret(settings: Settings) -> Line:
    """Sealed papers and sign-ins hang on it."""
    secret, path = settings.secret_key, settings.instance_dir / "secret_key"
    mend = "换一个随机的（python3 -c 'import secrets;print(secrets.token_hex(32))'），换之前没有封存的试卷。"
    if len(secret) < SECRET_LENGTH or len(set(secret)) < 8:
        return failed("系统密钥", "太短或太简单", mend)
    kept = path.is_file() and path.read_text().strip() == secret
    if kept and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return failed("系统密钥", f"别人读得到 {path}", f"运行 chmod 600 {path}。")
    return passed(
        "系统密钥", f"{len(secret)} 个字符" + ("，存在数据文件夹，备份时一起备份" if kept else "")
    )


def check_assets(folder: Path | None = None) -> Line:
    """Styles and scripts of the pages are built and there."""
    folder = folder or PACKAGE / "static" / "build"
    mend = "重新安装程序，或在源码目录运行 make assets。"
    try:
        names = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return failed("页面文件", f"没有 {folder / 'manifest.json'}", mend)
    missing = [
        name
        for name in names.values()
        if not (folder / name).is_file() or not (folder / name).stat().st_size
    ]
    if missing:
        return failed("页面文件", "缺少 " + "、".join(missing), mend)
    return passed("页面文件", f"{len(names)} 个都在")


def check_capacity(session: Session, exam: Exam, settings: Settings, now: datetime) -> Line:
    """The last rehearsal on this machine against the roster."""
    people = roster_size(session, exam)
    mend = f"在空闲时运行 elearn exams rehearse --candidates {people}；不够就分批开考或加机器。"
    shed = f"每个进程同时处理 {settings.work_slots} 个、排队 {settings.work_queue} 个请求"
    report = _last_rehearsal(settings.instance_dir)
    if report is None:
        return note("承载", f"应考 {people} 人，{shed}；没有演练记录", mend)
    carries, at = report
    words = f"应考 {people} 人，{at:%m-%d} 演练约可承载 {carries} 人；{shed}"
    if carries < people:
        return failed("承载", words, mend)
    if now - at > REHEARSED_WITHIN:
        return note("承载", f"{words}；演练已过两周", mend)
    return passed("承载", words)


def check_sweeper(session: Session, now: datetime) -> Line:
    """Nobody closes attempts that are over: the service is not running, or hangs."""
    late = session.scalar(
        select(func.count()).select_from(due_query(now - CLOSES_WITHIN).subquery())
    )
    if late:
        mend = "启动或重启 elearn serve（它每 5 秒收一次卷），再看日志里的 sweep failed。"
        return failed("自动收卷", f"有 {late} 份到时间两分钟以上还没收的答卷", mend)
    return passed("自动收卷", "没有到时间没收的答卷")


def check_heartbeat(session: Session, now: datetime) -> Line:
    """Does anybody close attempts at all? Before an exam nothing is due, and its silence would not
    show otherwise."""
    at = last_round(session)
    minutes = SILENT_AFTER // timedelta(minutes=1)
    mend = f"启动或重启 elearn serve，过半分钟再查；{minutes} 分钟里要有一轮收卷。"
    if at is None:
        return failed("收卷进程", "从来没有跑完过一轮收卷", mend)
    when = at.astimezone(DISPLAY_ZONE)
    if is_silent(at, now):
        return failed("收卷进程", f"最近一轮收卷在 {when:%m-%d %H:%M:%S}，现在没有在跑", mend)
    return passed("收卷进程", f"最近一轮收卷在 {when:%m-%d %H:%M:%S}")


def check_backup(path: Path | None, now: datetime, live: str = "") -> Line:
    """The product makes no backups: it can only look at the file it is shown. `live`: the path of
    the database itself, which is none."""
    mend = "考前备份一次，恢复到另一个库试一遍；再用 --backup 文件或文件夹 让这里核对时间。"
    if path is None:
        return note("备份", "程序不管备份，没有核对", mend)
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    own = {Path(live + suffix).resolve() for suffix in ("", "-wal", "-shm")} if live else set()
    files = [
        each
        for each in files
        if each.is_file() and each.stat().st_size and each.resolve() not in own
    ]
    if not files:
        return failed("备份", f"{path} 里没有备份", mend)
    last = max(files, key=lambda each: each.stat().st_mtime)
    age = now.timestamp() - last.stat().st_mtime
    words = f"{last.name}，{last.stat().st_size / 1024**2:.1f} MB，{age / 3600:.0f} 小时前"
    if age > BACKED_UP_WITHIN.total_seconds():
        return note("备份", f"{words}：超过一天", mend)
    return passed("备份", words)


def _last_rehearsal(folder: Path) -> tuple[int, datetime] | None:
    """(candidates it carries, when) of the last report of `elearn exams rehearse`."""
    for path in sorted(folder.glob("rehearsal-*.json"), reverse=True):
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            return int(report["candidates"]), datetime.fromisoformat(report["machine"]["at"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None
