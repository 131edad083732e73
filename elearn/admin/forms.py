"""Forms of the administrators' pages."""

from collections.abc import Mapping
from typing import Any

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, Optional

from elearn.core.access import ROLE_NAMES
from elearn.core.errors import DomainError
from elearn.core.people.columns import PARTY_NAMES, UNIT_TYPE_NAMES
from elearn.web.forms import Form


def _choices(names: Mapping[Any, str]) -> list[SelectChoice]:
    return [SelectChoice(str(value), name) for value, name in names.items()]


class UnitForm(Form):
    """A unit; `parent` is asked for a new one alone."""

    code = StringField("单位代码", [InputRequired("请填写单位代码"), Length(max=60)])
    name = StringField("单位名称", [InputRequired("请填写单位名称"), Length(max=200)])
    type = SelectField("类型", choices=_choices(UNIT_TYPE_NAMES), default="UNIT")


class NewUnitForm(UnitForm):
    """A new unit hangs under another one."""

    parent = StringField("上级机构", [InputRequired("请选择上级机构"), Length(max=300)])


class MoveUnitForm(Form):
    """Where to; `confirmed` comes with the second post, after the impact was shown."""

    parent = StringField("移动到", [InputRequired("请选择新的上级机构"), Length(max=300)])
    confirmed = BooleanField("确认移动")


class PersonForm(Form):
    """A person as the page may set them."""

    staff_no = StringField("工号", [InputRequired("请填写工号"), Length(max=60)])
    name = StringField("姓名", [InputRequired("请填写姓名"), Length(max=100)])
    unit = StringField("单位", [InputRequired("请选择单位"), Length(max=300)])
    rank = StringField("职级", [Length(max=60)])
    post = StringField("职务", [Length(max=200)])
    is_leader = BooleanField("单位负责人")
    party = SelectField("政治面貌", choices=_choices({"": "不填", **PARTY_NAMES}))
    promoted_on = DateField("提任领导职务的日期", [Optional()])


class UploadForm(Form):
    """The roster."""

    file = FileField("名册文件", [FileRequired("请选择文件")])


class GrantForm(Form):
    """Who, what, where."""

    staff_no = StringField("工号", [InputRequired("请填写工号"), Length(max=60)])
    role = SelectField("角色", choices=_choices(ROLE_NAMES))
    unit = StringField("范围", [InputRequired("请选择范围"), Length(max=300)])


class EmptyForm(Form):
    """A button: nothing but the CSRF token."""


def show_error(form: Form, error: DomainError) -> str:
    """Put the messages of a service beside their fields; returns what belongs to no field."""
    placed = False
    for name, message in error.fields.items():
        if name in form:
            form[name].errors = [*form[name].errors, message]
            placed = True
    return "" if placed else error.message
