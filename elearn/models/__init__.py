"""All tables, one file per aggregate."""

from elearn.core.access import SEPARATED_ADMINS, Role

from .analysis import DifficultyDecision, ExamAnalysis, ItemAnalysis
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
from .printing import (
    PaperResult,
    PrintApproval,
    PrintMode,
    PrintPaper,
    PrintRun,
    ResultSource,
)
from .questions import BankQuestion, Pool, QuestionKey, QuestionRevision
from .records import HoursBucket, RecordKind, TrainingRecord

# Rows of these tables are evidence: inserted, never changed or deleted (db.py guards them).
APPEND_ONLY = (
    "answer_event",
    "audit_entry",
    "blueprint_revision",
    "course_revision",
    "difficulty_decision",
    "grade",
    "mark",
    "paper_result",
    "print_approval",
    "print_paper",
    "print_run",
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
    "Base",
    "BlueprintRevision",
    "BlueprintRow",
    "ClosedBy",
    "ContentAsset",
    "ContentFile",
    "Course",
    "CourseRevision",
    "DifficultyDecision",
    "Exam",
    "ExamAnalysis",
    "ExamCandidate",
    "FileKind",
    "Grade",
    "HoursBucket",
    "ItemAnalysis",
    "LawVersion",
    "Lesson",
    "LessonCitation",
    "LessonProgress",
    "LessonQuizItem",
    "LoginSession",
    "Mark",
    "OrgType",
    "OrgUnit",
    "PaperResult",
    "Party",
    "PendingImport",
    "Person",
    "Pool",
    "PrintApproval",
    "PrintMode",
    "PrintPaper",
    "PrintRun",
    "QuestionKey",
    "QuestionRevision",
    "QuizResponse",
    "ReadingClock",
    "RecordKind",
    "ResultSource",
    "ReviewPolicy",
    "Role",
    "RoleGrant",
    "SeparatedAdmin",
    "SignInFailure",
    "TrainingRecord",
    "new_public_id",
]
