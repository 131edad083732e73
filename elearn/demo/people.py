"""The demo organisation: three levels of units, 200 people, every role once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from elearn.accounts.passwords import hash_password
from elearn.core.access import SEPARATED_ADMINS, Role
from elearn.models import OrgType, OrgUnit, Party, Person, RoleGrant, SeparatedAdmin

PEOPLE: Final = 200
SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN: Final = (
    "建国", "秀英", "志强", "丽华", "海涛", "晓燕", "文博", "雅静", "国平", "春梅", "立新", "敏",
    "俊杰", "慧", "永康", "素芬", "卫东", "思远", "桂兰", "浩然", "明霞", "振华", "小红", "宏伟",
)  # fmt: skip

# (code, name, type, children); every leaf gets people, the heads of the middle level too.
TREE: Final = (
    ("ZX", "区政府办公室", OrgType.DEPARTMENT, ("综合科", "督查科")),
    ("CZ", "区财政局", OrgType.DEPARTMENT, ("预算科", "采购监管科", "国库支付中心")),
    ("ZJ", "区住房和城乡建设局", OrgType.DEPARTMENT, ("工程科", "审批科", "质监站")),
    ("MZ", "区民政局", OrgType.DEPARTMENT, ("社会救助科", "养老服务科")),
    ("DH", "东湖街道", OrgType.TOWN_STREET, ("党政办", "社区建设办", "综合执法队")),
    ("XS", "西山镇", OrgType.TOWN_STREET, ("党政办", "农业农村办", "便民服务中心")),
    ("NM", "南门街道", OrgType.TOWN_STREET, ("党政办", "城市管理办")),
)
RANKS: Final = (
    "一级科员", "四级主任科员", "三级主任科员", "二级主任科员", "一级主任科员", "乡科级副职", "乡科级正职",
)  # fmt: skip
STAFF: Final = (
    ("trainer1", "培训科教员", Role.TRAINER),
    ("examiner1", "考务科科长", Role.EXAMINER),
    ("marker1", "阅卷员", Role.MARKER),
    ("hr1", "组织人事科科长", Role.HR),
    ("sysadmin1", "系统管理员", Role.SYS_ADMIN),
    ("secadmin1", "安全管理员", Role.SEC_ADMIN),
    ("auditadmin1", "审计管理员", Role.AUDIT_ADMIN),
)


@dataclass(slots=True)
class DemoOrg:
    """What the history is told about."""

    root: OrgUnit
    middle: list[OrgUnit]
    leaves: list[OrgUnit]
    cadres: list[Person]
    staff: dict[str, Person]


def create_org(session: Session, *, password: str, now: datetime) -> DemoOrg:
    """Units and people, all marked as demo accounts with the same password."""
    root = _unit(session, "QU", "示范区", OrgType.DISTRICT, None)
    middle: list[OrgUnit] = []
    leaves: list[OrgUnit] = []
    for code, name, kind, children in TREE:
        unit = _unit(session, code, name, kind, root)
        middle.append(unit)
        leaves += [
            _unit(session, f"{code}{number:02d}", child, OrgType.UNIT, unit)
            for number, child in enumerate(children, start=1)
        ]
    org = DemoOrg(root, middle, leaves, [], {})
    hashed = hash_password(password)
    org.cadres = [
        _person(session, f"cadre{number}", number, leaves, hashed, now)
        for number in range(1, PEOPLE - len(STAFF))
    ]
    for number, (staff_no, post, role) in enumerate(STAFF, start=PEOPLE):
        person = _person(session, staff_no, number, [middle[0]], hashed, now)
        person.post = post
        _grant(session, person, role, root, now)
        org.staff[staff_no] = person
    leader = _person(session, "leader1", PEOPLE * 2, [middle[1]], hashed, now)
    leader.post, leader.is_leader, leader.rank = "局长", True, "乡科级正职"
    _grant(session, leader, Role.LEADER, middle[1], now)
    org.staff["leader1"] = leader
    session.flush()
    return org


def _unit(session: Session, code: str, name: str, kind: OrgType, parent: OrgUnit | None) -> OrgUnit:
    unit = OrgUnit(
        code=code, name=name, type=kind, parent_id=parent.id if parent else None, path=f"?{code}"
    )
    session.add(unit)
    session.flush()
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    return unit


def _person(
    session: Session,
    staff_no: str,
    number: int,
    units: list[OrgUnit],
    hashed: str,
    now: datetime,
) -> Person:
    surname = SURNAMES[(number * 7) % len(SURNAMES)]
    person = Person(
        staff_no=staff_no,
        name=surname + GIVEN[(number * 5) % len(GIVEN)],
        org_unit_id=units[number % len(units)].id,
        rank=RANKS[(number * 3) % len(RANKS)],
        post="科员" if number % 6 else "副科长",
        party=Party.NON_PARTY if number % 9 == 0 else Party.PARTY,
        password_hash=hashed,
        must_change_password=False,
        notice_accepted_at=now,
        is_demo=True,
        created_at=now - timedelta(days=400),
    )
    session.add(person)
    session.flush()
    return person


def _grant(session: Session, person: Person, role: Role, unit: OrgUnit, now: datetime) -> None:
    session.add(RoleGrant(person_id=person.id, role=role, org_unit_id=unit.id, granted_at=now))
    if role in SEPARATED_ADMINS:
        session.add(SeparatedAdmin(person_id=person.id, role=role))
