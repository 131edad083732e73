"""The optional locks of the room."""

import ipaddress
from typing import Final

from elearn.config import Settings
from elearn.models import Exam

from .findings import Line, note, passed

WEAK_LENGTH: Final = 6


def check_locks(exam: Exam, settings: Settings) -> list[Line]:
    """Code and address ranges: are they what they look like?"""
    return [check_code(exam), check_ranges(exam, settings)]


def check_code(exam: Exam) -> Line:
    """A code everybody guesses keeps nobody out."""
    code = exam.room_code
    if not code:
        return passed("考场口令", "没有设")
    if len(set(code)) < 3 or code in "01234567890123456789" or len(code) < WEAK_LENGTH:
        mend = f"在“考场设置”里换一个 {WEAK_LENGTH} 位以上、不连号的，开考时在考场公布。"
        return note("考场口令", "设了，但太好猜", mend)
    return passed("考场口令", "已设")


def check_ranges(exam: Exam, settings: Settings) -> Line:
    """Ranges must hold the candidates, and the server must see their addresses."""
    networks = [ipaddress.ip_network(line) for line in exam.ip_ranges.split()]
    if not networks:
        return passed("考场网段", "没有限制")
    if any(network.prefixlen == 0 for network in networks):
        mend = "写成考场的网段，例如 10.20.0.0/16；不想限制就留空。"
        return note("考场网段", "包含所有地址，等于没有限制", mend)
    words = f"{len(networks)} 个网段：{'、'.join(map(str, networks[:3]))}"
    if not settings.proxy_hops:
        mend = (
            "服务前面有反向代理时设 ELEARN_PROXY_HOPS=1，否则看到的都是代理的地址，"
            "所有人都进不了；没有代理就不用管。考前请在考场里用一台机器试进。"
        )
        return note("考场网段", f"{words}；没有设 ELEARN_PROXY_HOPS", mend)
    if all(network.is_loopback for network in networks):
        return note("考场网段", f"{words}：只有本机能进", "写成考场的网段。")
    return passed("考场网段", words)
