"""All tables, one file per aggregate."""

from elearn.core.access import SEPARATED_ADMINS, Role

from .assignments import Assignment, AssignmentKind
from .audit import AuditEntry
from .base import Base, new_public_id
from .content import (
    ContentAsset,
    ContentFile,
    Course,
    CourseRevision,
    FileKind,
    LawVersion,
    Lesson,
    LessonCitation,
    LessonQuizItem,
)
from .exams import (
    AnswerDecision,
    AnswerEvent,
    Attempt,
    AttemptState,
    BlueprintRevision,
    BlueprintRow,
    ClosedBy,
    EventStatus,
    Exam,
    ExamCandidate,
    Grade,
    Mark,
    ReviewPolicy,
)
from .imports import PendingImport
from .learning import LessonProgress, QuizResponse, ReadingClock
from .people import (
    LoginSession,
    OrgType,
    OrgUnit,
    Party,
    Person,
    RoleGrant,
    SeparatedAdmin,
    SignInFailure,
)
from .questions import BankQuestion, Pool, QuestionKey, QuestionRevision
from .records import HoursBucket, RecordKind, TrainingRecord
from .rescue import AnswerFile

# Rows of these tables are evidence: inserted, never changed or deleted (db.py guards them).
APPEND_ONLY = (
    "answer_decision",
    "answer_event",
    "audit_entry",
    "blueprint_revision",
    "course_revision",
    "grade",
    "mark",
    "question_key",
    "question_revision",
    "quiz_response",
    "training_record",
)

__all__ = [
    "APPEND_ONLY",
    "SEPARATED_ADMINS",
    "AnswerDecision",
    "AnswerEvent",
    "AnswerFile",
    "Assignment",
    "AssignmentKind",
    "Attempt",
    "AttemptState",
    "AuditEntry",
    "BankQuestion",
    "Base",
    "BlueprintRevision",
    "BlueprintRow",
    "ClosedBy",
    "ContentAsset",
    "ContentFile",
    "Course",
    "CourseRevision",
    "EventStatus",
    "Exam",
    "ExamCandidate",
    "FileKind",
    "Grade",
    "HoursBucket",
    "LawVersion",
    "Lesson",
    "LessonCitation",
    "LessonProgress",
    "LessonQuizItem",
    "LoginSession",
    "Mark",
    "OrgType",
    "OrgUnit",
    "Party",
    "PendingImport",
    "Person",
    "Pool",
    "QuestionKey",
    "QuestionRevision",
    "QuizResponse",
    "ReadingClock",
    "RecordKind",
    "ReviewPolicy",
    "Role",
    "RoleGrant",
    "SeparatedAdmin",
    "SignInFailure",
    "TrainingRecord",
    "new_public_id",
]
