"""The form that enters a class."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from wtforms import DateField, DecimalField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from elearn.core.credit.measures import Stated
from elearn.web.forms import Form

from .services import MAX_TITLE, ClassFacts

_BETWEEN: Final = re.compile(r"[\s,，、;；]+")


def _number(label: str, most: int) -> DecimalField:
    words = f"请填 0 到 {most}，最多两位小数"
    return DecimalField(label, [Optional(), NumberRange(0, most, words)], places=2)


class ClassForm(Form):
    """A class as its papers state it, and who attended."""

    title = StringField("班次名称", [InputRequired("请填写班次名称"), Length(max=MAX_TITLE)])
    organiser = StringField("主办单位", [InputRequired("请填写主办单位"), Length(max=100)])
    document = StringField("依据", [InputRequired("请填写通知或证书编号"), Length(max=100)])
    first = DateField("开始日期", [InputRequired("请填写开始日期")])
    last = DateField("结束日期", [InputRequired("请填写结束日期")])
    hours = _number("学时", 1000)
    days = _number("天数", 366)
    months = _number("月数", 12)
    staff_numbers = TextAreaField("参加人的工号", [InputRequired("请填写工号"), Length(max=20_000)])

    def numbers(self) -> list[str]:
        """One per line, or separated by commas or blanks."""
        return [number for number in _BETWEEN.split(self.staff_numbers.data or "") if number]

    def facts(self) -> ClassFacts:
        """After validation."""
        first, last = self.first.data, self.last.data
        if first is None or last is None:
            msg = "the form has been validated"
            raise ValueError(msg)
        return ClassFacts(
            title=" ".join((self.title.data or "").split()),
            organiser=" ".join((self.organiser.data or "").split()),
            document=" ".join((self.document.data or "").split()),
            first=first,
            last=last,
            stated=Stated(
                _centi(self.hours.data), _centi(self.days.data), _centi(self.months.data)
            ),
        )

    def refuse(self, fields: Mapping[str, str]) -> None:
        """Put what the service found beside the fields."""
        for name, message in fields.items():
            field = self[name]
            field.errors = [*field.errors, message]


def _centi(value: Decimal | None) -> int:
    return int((value or Decimal(0)) * 100)
