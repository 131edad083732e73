"""The base of every form: Chinese messages, values kept, errors beside the field."""

from typing import Any

from flask_wtf import FlaskForm


class Form(FlaskForm):
    """WTForms with the built-in Chinese translations."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # Flask-WTF ships no types
        locales = ("zh",)

    def problems(self) -> list[tuple[str, str, str]]:
        """(field id, label, message) for the error summary at the top of the page."""
        found: list[tuple[str, str, str]] = []
        for field in self:
            found += [(field.id, field.label.text, _text(error)) for error in field.errors]
        return found


def _text(error: Any) -> str:
    return str(error) if isinstance(error, str) else "；".join(map(str, error))
