"""Forms of sign-in and the own account."""

from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from elearn.web.forms import Form


class SignInForm(Form):
    """Staff number and password."""

    staff_no = StringField("工号", [InputRequired("请填写工号"), Length(max=64)])
    password = PasswordField("密码", [InputRequired("请填写密码"), Length(max=200)])


class NewPasswordForm(Form):
    """A new password, typed twice."""

    new = PasswordField("新密码", [InputRequired("请填写新密码"), Length(max=200)])
    again = PasswordField(
        "再输一次新密码", [InputRequired("请再输一次"), EqualTo("new", "两次输入的新密码不一致")]
    )


class FirstSignInForm(NewPasswordForm):
    """Privacy notice and new password on one page."""

    accept = BooleanField("我已阅读以上告知", [InputRequired("请先阅读并勾选")])


class ChangePasswordForm(NewPasswordForm):
    """The old one first."""

    old = PasswordField("原密码", [InputRequired("请填写原密码"), Length(max=200)])
