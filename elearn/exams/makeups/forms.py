"""The make-up's fields, and the two small ones beside it."""

from datetime import datetime

from wtforms import DateTimeLocalField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from elearn.exams.sittings.forms import to_utc
from elearn.exams.sittings.services import MAX_ATTEMPTS
from elearn.web.forms import Form

_MINUTES = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class MakeupForm(Form):
    """A new make-up."""

    title = StringField("名称", [InputRequired("请填写名称"), Length(max=200)])
    opens_at = DateTimeLocalField("开始时间", [InputRequired("请填写开始时间")], format=_MINUTES)
    closes_at = DateTimeLocalField("结束时间", [InputRequired("请填写结束时间")], format=_MINUTES)
    attempts_max = IntegerField(
        "每人次数", [InputRequired("请填写每人次数"), NumberRange(1, MAX_ATTEMPTS)]
    )
    removed = TextAreaField("从名单去掉", [Length(max=60_000)])

    def window(self) -> tuple[datetime, datetime]:
        """In UTC."""
        return to_utc(self.opens_at.data), to_utc(self.closes_at.data)

    def removals(self) -> dict[str, str]:
        """Staff number -> reason; one a line, the number first."""
        found = {}
        for line in (self.removed.data or "").splitlines():
            number, _, reason = line.strip().partition(" ")
            if number:
                found[number] = reason.strip()
        return found

    def refuse(self, fields: dict[str, str]) -> list[str]:
        """Put what the service found beside the fields; what belongs to none of them comes back."""
        left = []
        for name, message in fields.items():
            if name in self:
                self[name].errors = [*self[name].errors, message]
            else:
                left.append(message)
        return left


def read_number(text: str) -> int:
    """A count typed into a field; -1 for anything else, which no rule allows."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
