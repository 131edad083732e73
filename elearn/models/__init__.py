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
    AnswerEvent,
    Attempt,
    AttemptState,
    BlueprintRevision,
    BlueprintRow,
    ClosedBy,
    Exam,
    ExamCandidate,
    Grade,
    Mark,
    ReviewPolicy,
)
from .imports import PendingImport
from .learning import LessonProgress, QuizResponse, ReadingClock
from .papers import (
    BankSnapshot,
    BlueprintReport,
    ExamForm,
    ExamPapers,
    ExamSeed,
    OpeningKind,
    PaperMode,
    PaperOpening,
    SealedPaper,
)
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

# Rows of these tables are evidence: inserted, never changed or deleted (db.py guards them).
APPEND_ONLY = (
    "answer_event",
    "audit_entry",
    "bank_snapshot",
    "blueprint_revision",
    "course_revision",
    "grade",
    "mark",
    "paper_opening",
    "question_key",
    "question_revision",
    "quiz_response",
    "training_record",
)

__all__ = [
    "APPEND_ONLY",
    "SEPARATED_ADMINS",
    "AnswerEvent",
    "Assignment",
    "AssignmentKind",
    "Attempt",
    "AttemptState",
    "AuditEntry",
    "BankQuestion",
    "BankSnapshot",
    "Base",
    "BlueprintReport",
    "BlueprintRevision",
    "BlueprintRow",
    "ClosedBy",
    "ContentAsset",
    "ContentFile",
    "Course",
    "CourseRevision",
    "Exam",
    "ExamCandidate",
    "ExamForm",
    "ExamPapers",
    "ExamSeed",
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
    "OpeningKind",
    "OrgType",
    "OrgUnit",
    "PaperMode",
    "PaperOpening",
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
    "SealedPaper",
    "SeparatedAdmin",
    "SignInFailure",
    "TrainingRecord",
    "new_public_id",
]
