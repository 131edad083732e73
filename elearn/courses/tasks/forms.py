"""What a trainer's desk sends."""

from werkzeug.datastructures import MultiDict

from elearn.core.errors import DomainError
from elearn.models import Verdict


def read_verdict(form: MultiDict[str, str]) -> Verdict:
    """Which of the two buttons was pressed. Raises DomainError for anything else."""
    chosen = form.get("verdict", "")
    if chosen not in set(Verdict):
        raise DomainError("请选择通过或退回。", code="E-VERDICT")
    return Verdict(chosen)
