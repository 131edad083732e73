"""Fields of the acts on time, and the accommodation form. Times are typed in Asia/Shanghai."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from elearn.config import DISPLAY_ZONE
from elearn.core.errors import DomainError
from elearn.models import Exam
from elearn.web.forms import Form

from .accommodations import REASON_NAMES
from .queries import Target, get_candidate, get_room

EVERYBODY = "all"
_BETWEEN = re.compile(r"[\s,，、;；]+")


def read_target(session: Session, exam: Exam, posted: Mapping[str, str]) -> Target:
    """`to`: `all` or a unit's id; `person`: a person's id. Nothing named is nobody, not everybody.

    Raises DomainError or NotFound.
    """
    if person_id := posted.get("person"):
        return Target(person=get_candidate(session, exam=exam, public_id=person_id))
    to = posted.get("to", "")
    if to == EVERYBODY:
        return Target()
    if not to:
        raise DomainError("请选择范围。", fields={"to": "请选择范围"})
    return Target(org_unit=get_room(session, exam=exam, public_id=to))


def read_minutes(posted: Mapping[str, str]) -> int:
    """0 for anything that is not a number: the service says what fits."""
    text = posted.get("minutes", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


class AccommodationForm(Form):
    """Extra time for one or several people."""

    staff_numbers = TextAreaField("工号", [InputRequired("请填写工号"), Length(max=20_000)])
    reason = SelectField(
        "原因", choices=[SelectChoice(kind, name) for kind, name in REASON_NAMES.items()]
    )
    percent = IntegerField("加时（占规定时长的百分比）", [Optional(), NumberRange(1, 100)])
    minutes = IntegerField("加时（分钟）", [Optional(), NumberRange(1, 240)])
    open_book = BooleanField("开卷（只对写明“书本：按人”的考试有效）")
    document = StringField("依据", [InputRequired("请填写依据"), Length(max=100)])
    valid_from = DateField("开始日期", [InputRequired("请填写开始日期")])
    valid_until = DateField("截止日期（含当天）", [InputRequired("请填写截止日期")])

    def numbers(self) -> list[str]:
        """One per line, or separated by commas or blanks."""
        return [number for number in _BETWEEN.split(self.staff_numbers.data or "") if number]

    def period(self) -> tuple[datetime, datetime]:
        """From the first moment of the first day to the last of the last."""
        first, last = self.valid_from.data, self.valid_until.data
        if first is None or last is None:
            msg = "the form has been validated"
            raise ValueError(msg)
        return _midnight(first), _midnight(last + timedelta(days=1))

    def refuse(self, fields: Mapping[str, str]) -> None:
        """Put what the service found beside the fields."""
        for name, message in fields.items():
            field = self[name]
            field.errors = [*field.errors, message]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), DISPLAY_ZONE).astimezone(UTC)
