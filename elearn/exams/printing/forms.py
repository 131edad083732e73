"""Fields of the printing pages. Times are typed in Asia/Shanghai."""

from flask_wtf.file import FileField, FileRequired
from wtforms import DateTimeLocalField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length

from elearn.models import PrintMode
from elearn.web.forms import Form

from .deriving import FORMS

_MINUTES = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class RunForm(Form):
    """New forms."""

    forms = SelectField(
        "几种卷",
        coerce=int,
        choices=[SelectChoice(n, "、".join(FORMS[:n]) + " 卷") for n in (2, 1, 3, 4)],
    )
    mode = SelectField(
        "各卷的关系",
        choices=[
            SelectChoice(PrintMode.SHUFFLED.value, "题目相同，题序和选项次序不同"),
            SelectChoice(PrintMode.PARALLEL.value, "题目不同，按同一份组卷规则各抽一份"),
        ],
    )


class HeldForm(Form):
    """When the sitting on paper began."""

    held_at = DateTimeLocalField("开考时间", [InputRequired("请填写开考时间")], format=_MINUTES)


class ResultForm(HeldForm):
    """One answer sheet."""

    staff_no = StringField("工号", [InputRequired("请填写工号"), Length(max=60)])
    letter = SelectField("卷别", [InputRequired("请选择卷别")])
    letters = TextAreaField("选择题和判断题的答案", [Length(max=5000)])
    texts = TextAreaField("填空题和简答题的答案", [Length(max=60_000)])


class ImportForm(HeldForm):
    """The table."""

    file = FileField("答卷表格", [FileRequired("请选择文件")])
