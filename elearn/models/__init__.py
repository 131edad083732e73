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
from .corrections import (
    CorrectionState,
    Dispute,
    DisputeState,
    ExamNotice,
    KeyCorrection,
    RecordCorrection,
    Regrade,
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
from .makeups import (
    ExamMakeup,
    ExamStanding,
    MakeupCandidate,
    MakeupCause,
    StandingKind,
    StandingState,
)
from .marking import MarkingRule, MarkingSkip, MarkingTurn, Recheck, RecheckState
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
    "blueprint_revision",
    "course_revision",
    "grade",
    "mark",
    "question_key",
    "question_revision",
    "quiz_response",
    "record_correction",
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
    "CorrectionState",
    "Course",
    "CourseRevision",
    "Dispute",
    "DisputeState",
    "Exam",
    "ExamCandidate",
    "ExamMakeup",
    "ExamNotice",
    "ExamStanding",
    "FileKind",
    "Grade",
    "HoursBucket",
    "KeyCorrection",
    "LawVersion",
    "Lesson",
    "LessonCitation",
    "LessonProgress",
    "LessonQuizItem",
    "LoginSession",
    "MakeupCandidate",
    "MakeupCause",
    "Mark",
    "MarkingRule",
    "MarkingSkip",
    "MarkingTurn",
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
    "Recheck",
    "RecheckState",
    "RecordCorrection",
    "RecordKind",
    "Regrade",
    "ReviewPolicy",
    "Role",
    "RoleGrant",
    "SeparatedAdmin",
    "SignInFailure",
    "StandingKind",
    "StandingState",
    "TrainingRecord",
    "new_public_id",
]
