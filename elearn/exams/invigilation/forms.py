"""The room settings of one exam."""

from collections.abc import Mapping

from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange

from elearn.models import LeaveRule
from elearn.web.forms import Form

RULE_NAMES = {
    LeaveRule.RECORD: "仅记录",
    LeaveRule.REMIND: "记录，回来时提醒本人",
    LeaveRule.NOTIFY: "记录，达到次数时在监控页排到前面",
}


class RoomForm(Form):
    """Locks and page leaves."""

    code = StringField("考场口令", [Length(max=30)])
    ip_ranges = TextAreaField("允许的网络地址", [Length(max=5000)])
    leave_rule = SelectField(
        "离页处理", choices=[SelectChoice(rule.value, name) for rule, name in RULE_NAMES.items()]
    )
    leave_min_s = IntegerField(
        "离开多少秒以上才记录", [InputRequired("请填写秒数"), NumberRange(3, 30)]
    )
    leave_notify = IntegerField(
        "离开几次需要留意", [InputRequired("请填写次数"), NumberRange(1, 50)]
    )

    def refuse(self, fields: Mapping[str, str]) -> None:
        """Put what the service found beside the fields."""
        for name, message in fields.items():
            field = self[name]
            field.errors = [*field.errors, message]
