"""The new window, in Asia/Shanghai."""

from wtforms import DateTimeLocalField, StringField
from wtforms.validators import InputRequired, Length

from elearn.web.forms import Form

_MINUTES = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class MoveForm(Form):
    """Another time for an exam."""

    opens_at = DateTimeLocalField("开始时间", [InputRequired("请填写开始时间")], format=_MINUTES)
    closes_at = DateTimeLocalField("结束时间", [InputRequired("请填写结束时间")], format=_MINUTES)
    reason = StringField("改期的原因", [InputRequired("请写明改期的原因"), Length(max=200)])

    def refuse(self, fields: dict[str, str]) -> None:
        """Put what the service found beside the fields."""
        for name, message in fields.items():
            field = self[name]
            field.errors = [*field.errors, message]
