"""Choosing how papers are made, and asking to look at one."""

from wtforms import BooleanField, IntegerField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from elearn.core.assembly.forms import MAX_FORMS
from elearn.web.forms import Form

from .services import MAX_BEFORE_MIN, MODE_NAMES


class ModeForm(Form):
    """How candidates come by their papers."""

    mode = RadioField(
        "出卷方式",
        [InputRequired("请选择出卷方式")],
        choices=[SelectChoice(mode.value, name) for mode, name in MODE_NAMES.items()],
    )
    avoid_seen = BooleanField("每人一份时，不出这个人以前考过的题（补考用）")
    forms = IntegerField("平行卷套数", [InputRequired("请填写套数"), NumberRange(1, MAX_FORMS)])


class TimedForm(Form):
    """How long before the start the papers are drawn and sealed by themselves."""

    minutes = IntegerField(
        "开考前几分钟自动抽题并封存",
        [Optional(), NumberRange(1, MAX_BEFORE_MIN, f"请填 1 到 {MAX_BEFORE_MIN}，或留空")],
    )


class LookForm(Form):
    """Which paper, and why."""

    form_no = IntegerField("第几份", [InputRequired("请填写要看第几份"), NumberRange(1, 100_000)])
    reason = StringField("查看的原因", [InputRequired("请写明为什么要看"), Length(max=200)])
