"""initial schema

Revision: 0001
Follows:
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only, unguard_append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Evidence: rows are inserted, never changed or deleted.
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
    "training_record",
)

# The pointer to the current revision and the revision point at each other: SQLite has the
# constraint inside the table, other databases get it when both tables exist.
CURRENT_REVISIONS = ("blueprint", "course", "question")


def upgrade() -> None:
    op.create_table(
        "blueprint",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column(
            "current_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["current_revision_id"],
            ["blueprint_revision.id"],
            name=op.f("fk_blueprint_current_revision_id_blueprint_revision"),
            use_alter=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blueprint")),
        sa.UniqueConstraint("code", name=op.f("uq_blueprint_code")),
    )
    op.create_table(
        "content_asset",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("mime", sa.String(length=60), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_asset")),
        sa.UniqueConstraint("sha256", name=op.f("uq_content_asset_sha256")),
    )
    op.create_table(
        "content_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("synced_sha256", sa.String(length=64), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_file")),
        sa.UniqueConstraint("path", name=op.f("uq_content_file_path")),
    )
    op.create_table(
        "course",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column(
            "current_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["current_revision_id"],
            ["course_revision.id"],
            name=op.f("fk_course_current_revision_id_course_revision"),
            use_alter=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint("code", name=op.f("uq_course_code")),
    )
    op.create_table(
        "law_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("short", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("issued", sa.String(length=20), nullable=False),
        sa.Column("in_force", sa.String(length=20), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_law_version")),
        sa.UniqueConstraint("short", "version", name=op.f("uq_law_version_short_version")),
    )
    op.create_table(
        "org_unit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["org_unit.id"], name=op.f("fk_org_unit_parent_id_org_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_org_unit_code")),
        sa.UniqueConstraint("path", name=op.f("uq_org_unit_path")),
        sa.UniqueConstraint("public_id", name=op.f("uq_org_unit_public_id")),
    )
    with op.batch_alter_table("org_unit", schema=None) as batch_op:
        batch_op.create_index("ix_org_unit_parent_id", ["parent_id"], unique=False)
        batch_op.create_index(
            "ix_org_unit_path_prefix",
            ["path"],
            unique=False,
            postgresql_ops={"path": "varchar_pattern_ops"},
        )

    op.create_table(
        "question",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("pool", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("file_path", sa.String(length=255), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column(
            "current_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["current_revision_id"],
            ["question_revision.id"],
            name=op.f("fk_question_current_revision_id_question_revision"),
            use_alter=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint("code", name=op.f("uq_question_code")),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index("ix_question_pool_status", ["pool", "status"], unique=False)

    op.create_table(
        "sign_in_failure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    with op.batch_alter_table("sign_in_failure", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_failure_account_at", ["account", "at"], unique=False)
        batch_op.create_index("ix_sign_in_failure_at", ["at"], unique=False)
        batch_op.create_index("ix_sign_in_failure_source_at", ["source", "at"], unique=False)

    op.create_table(
        "blueprint_revision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "blueprint_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["blueprint_id"],
            ["blueprint.id"],
            name=op.f("fk_blueprint_revision_blueprint_id_blueprint"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blueprint_revision")),
        sa.UniqueConstraint(
            "blueprint_id", "hash", name=op.f("uq_blueprint_revision_blueprint_id_hash")
        ),
    )
    op.create_table(
        "course_revision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("strand", sa.String(length=3), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("hours_centi", sa.Integer(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("intro_html", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_course_revision_course_id_course")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_revision")),
        sa.UniqueConstraint("course_id", "hash", name=op.f("uq_course_revision_course_id_hash")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("staff_no", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column(
            "org_unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("rank", sa.String(length=30), nullable=False),
        sa.Column("post", sa.String(length=100), nullable=False),
        sa.Column("is_leader", sa.Boolean(), nullable=False),
        sa.Column("party", sa.String(length=10), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("notice_accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_unit_id"], ["org_unit.id"], name=op.f("fk_person_org_unit_id_org_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("public_id", name=op.f("uq_person_public_id")),
        sa.UniqueConstraint("staff_no", name=op.f("uq_person_staff_no")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index("ix_person_org_unit_id", ["org_unit_id"], unique=False)

    op.create_table(
        "question_revision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "question_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("strand", sa.String(length=3), nullable=False),
        sa.Column("topic", sa.String(length=10), nullable=False),
        sa.Column("difficulty", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("laws", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "difficulty BETWEEN 1 AND 5", name=op.f("ck_question_revision_difficulty")
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_question_revision_question_id_question")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_revision")),
        sa.UniqueConstraint("hash", name=op.f("uq_question_revision_hash")),
        sa.UniqueConstraint(
            "question_id", "hash", name=op.f("uq_question_revision_question_id_hash")
        ),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object_type", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("summary", sa.String(length=300), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_audit_entry_actor_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_action_at", ["action", "at"], unique=False)
        batch_op.create_index("ix_audit_entry_actor_id_at", ["actor_id", "at"], unique=False)
        batch_op.create_index("ix_audit_entry_at", ["at"], unique=False)

    op.create_table(
        "exam",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "blueprint_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "org_unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("ranks", sa.String(length=500), nullable=False),
        sa.Column("listed_only", sa.Boolean(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=False),
        sa.Column("attempts_max", sa.Integer(), nullable=False),
        sa.Column("review_policy", sa.String(length=20), nullable=False),
        sa.Column("results_released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("attempts_max > 0", name=op.f("ck_exam_attempts")),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_exam_window")),
        sa.CheckConstraint("duration_s > 0", name=op.f("ck_exam_duration")),
        sa.ForeignKeyConstraint(
            ["blueprint_revision_id"],
            ["blueprint_revision.id"],
            name=op.f("fk_exam_blueprint_revision_id_blueprint_revision"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["person.id"], name=op.f("fk_exam_created_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["org_unit_id"], ["org_unit.id"], name=op.f("fk_exam_org_unit_id_org_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exam")),
        sa.UniqueConstraint("public_id", name=op.f("uq_exam_public_id")),
    )
    with op.batch_alter_table("exam", schema=None) as batch_op:
        batch_op.create_index("ix_exam_closes_at", ["closes_at"], unique=False)
        batch_op.create_index("ix_exam_org_unit_id", ["org_unit_id"], unique=False)

    op.create_table(
        "lesson",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "course_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("quiz_required", sa.Boolean(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("toc", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_revision_id"],
            ["course_revision.id"],
            name=op.f("fk_lesson_course_revision_id_course_revision"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson")),
        sa.UniqueConstraint(
            "course_revision_id", "code", name=op.f("uq_lesson_course_revision_id_code")
        ),
        sa.UniqueConstraint(
            "course_revision_id", "position", name=op.f("uq_lesson_course_revision_id_position")
        ),
    )
    op.create_table(
        "lesson_progress",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("lesson_code", sa.String(length=60), nullable=False),
        sa.Column(
            "course_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visible_seconds", sa.Integer(), nullable=False),
        sa.Column("position", sa.String(length=120), nullable=False),
        sa.CheckConstraint("visible_seconds >= 0", name=op.f("ck_lesson_progress_visible_seconds")),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_lesson_progress_course_id_course")
        ),
        sa.ForeignKeyConstraint(
            ["course_revision_id"],
            ["course_revision.id"],
            name=op.f("fk_lesson_progress_course_revision_id_course_revision"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_lesson_progress_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_progress")),
        sa.UniqueConstraint(
            "person_id",
            "course_id",
            "lesson_code",
            name=op.f("uq_lesson_progress_person_id_course_id_lesson_code"),
        ),
    )
    op.create_table(
        "login_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_login_session_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_session_token_hash")),
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index("ix_login_session_person_id", ["person_id"], unique=False)

    op.create_table(
        "pending_import",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "(committed_at IS NULL) = (data IS NOT NULL)", name=op.f("ck_pending_import_data")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_pending_import_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_import")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pending_import_public_id")),
    )
    with op.batch_alter_table("pending_import", schema=None) as batch_op:
        batch_op.create_index("ix_pending_import_person_id", ["person_id"], unique=False)
        batch_op.create_index("ix_pending_import_sha256", ["sha256"], unique=False)

    op.create_table(
        "question_key",
        sa.Column(
            "question_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("key", sa.JSON(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_revision_id"],
            ["question_revision.id"],
            name=op.f("fk_question_key_question_revision_id_question_revision"),
        ),
        sa.PrimaryKeyConstraint("question_revision_id", name=op.f("pk_question_key")),
    )
    op.create_table(
        "quiz_response",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("lesson_code", sa.String(length=60), nullable=False),
        sa.Column(
            "question_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("correct", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_quiz_response_course_id_course")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_quiz_response_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["question_revision_id"],
            ["question_revision.id"],
            name=op.f("fk_quiz_response_question_revision_id_question_revision"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz_response")),
    )
    with op.batch_alter_table("quiz_response", schema=None) as batch_op:
        batch_op.create_index(
            "ix_quiz_response_person_id_course_id_lesson_code",
            ["person_id", "course_id", "lesson_code"],
            unique=False,
        )

    op.create_table(
        "reading_clock",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("lesson_code", sa.String(length=60), nullable=False),
        sa.Column("last_beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_reading_clock_course_id_course")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_reading_clock_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_reading_clock")),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column(
            "org_unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "granted_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["granted_by_id"], ["person.id"], name=op.f("fk_role_grant_granted_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["org_unit_id"], ["org_unit.id"], name=op.f("fk_role_grant_org_unit_id_org_unit")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_role_grant_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        sa.UniqueConstraint(
            "person_id",
            "role",
            "org_unit_id",
            name=op.f("uq_role_grant_person_id_role_org_unit_id"),
        ),
    )
    op.create_table(
        "separated_admin",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "role IN ('SYS_ADMIN', 'SEC_ADMIN', 'AUDIT_ADMIN')",
            name=op.f("ck_separated_admin_role"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_separated_admin_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_separated_admin")),
    )
    op.create_table(
        "training_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("source_key", sa.String(length=120), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject_code", sa.String(length=60), nullable=False),
        sa.Column("subject_title", sa.String(length=200), nullable=False),
        sa.Column("subject_hash", sa.String(length=64), nullable=False),
        sa.Column("strand", sa.String(length=3), nullable=True),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column(
            "org_unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("org_name", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("credit_year", sa.Integer(), nullable=False),
        sa.Column("hours_centi", sa.Integer(), nullable=False),
        sa.Column("hours_bucket", sa.String(length=15), nullable=False),
        sa.Column("credit_rule", sa.String(length=40), nullable=False),
        sa.Column("credit_rule_version", sa.String(length=20), nullable=False),
        sa.Column("score_centi", sa.Integer(), nullable=True),
        sa.Column("full_centi", sa.Integer(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("explanation", sa.String(length=500), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("finished_at >= started_at", name=op.f("ck_training_record_times")),
        sa.CheckConstraint("hours_centi >= 0", name=op.f("ck_training_record_hours")),
        sa.ForeignKeyConstraint(
            ["org_unit_id"], ["org_unit.id"], name=op.f("fk_training_record_org_unit_id_org_unit")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_training_record_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_record")),
        sa.UniqueConstraint("public_id", name=op.f("uq_training_record_public_id")),
        sa.UniqueConstraint("source_key", name=op.f("uq_training_record_source_key")),
    )
    with op.batch_alter_table("training_record", schema=None) as batch_op:
        batch_op.create_index(
            "ix_training_record_kind_subject_code_person_id",
            ["kind", "subject_code", "person_id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_training_record_person_id_credit_year", ["person_id", "credit_year"], unique=False
        )

    op.create_table(
        "assignment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "org_unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("ranks", sa.String(length=500), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'COURSE' AND course_id IS NOT NULL AND exam_id IS NULL)"
            " OR (kind = 'EXAM' AND exam_id IS NOT NULL AND course_id IS NULL)",
            name=op.f("ck_assignment_target"),
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_assignment_course_id_course")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["person.id"], name=op.f("fk_assignment_created_by_id_person")
        ),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_assignment_exam_id_exam")),
        sa.ForeignKeyConstraint(
            ["org_unit_id"], ["org_unit.id"], name=op.f("fk_assignment_org_unit_id_org_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_assignment_public_id")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index("ix_assignment_org_unit_id", ["org_unit_id"], unique=False)
        batch_op.create_index(
            "uq_assignment_course",
            ["course_id", "org_unit_id", "ranks"],
            unique=True,
            sqlite_where=sa.text("cancelled_at IS NULL"),
            postgresql_where=sa.text("cancelled_at IS NULL"),
        )
        batch_op.create_index(
            "uq_assignment_exam",
            ["exam_id", "org_unit_id", "ranks"],
            unique=True,
            sqlite_where=sa.text("cancelled_at IS NULL"),
            postgresql_where=sa.text("cancelled_at IS NULL"),
        )

    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("bank_hash", sa.String(length=64), nullable=False),
        sa.Column("paper_hash", sa.String(length=64), nullable=False),
        sa.Column("paper", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=20), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("last_saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "(state = 'SUBMITTED') = (submitted_at IS NOT NULL AND closed_by IS NOT NULL)",
            name=op.f("ck_attempt_submitted"),
        ),
        sa.CheckConstraint("deadline_at > started_at", name=op.f("ck_attempt_deadline")),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_attempt_exam_id_exam")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_attempt_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint(
            "exam_id", "person_id", "no", name=op.f("uq_attempt_exam_id_person_id_no")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_attempt_public_id")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_person_id", ["person_id"], unique=False)
        batch_op.create_index(
            "ix_attempt_state_deadline_at", ["state", "deadline_at"], unique=False
        )
        batch_op.create_index(
            "uq_attempt_one_open",
            ["exam_id", "person_id"],
            unique=True,
            sqlite_where=sa.text("state = 'IN_PROGRESS'"),
            postgresql_where=sa.text("state = 'IN_PROGRESS'"),
        )

    op.create_table(
        "exam_candidate",
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["exam_id"], ["exam.id"], name=op.f("fk_exam_candidate_exam_id_exam")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_exam_candidate_person_id_person")
        ),
        sa.PrimaryKeyConstraint("exam_id", "person_id", name=op.f("pk_exam_candidate")),
    )
    op.create_table(
        "lesson_citation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "lesson_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("law", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("article", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lesson.id"], name=op.f("fk_lesson_citation_lesson_id_lesson")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_citation")),
        sa.UniqueConstraint(
            "lesson_id",
            "law",
            "version",
            "article",
            name=op.f("uq_lesson_citation_lesson_id_law_version_article"),
        ),
    )
    with op.batch_alter_table("lesson_citation", schema=None) as batch_op:
        batch_op.create_index("ix_lesson_citation_law_version", ["law", "version"], unique=False)

    op.create_table(
        "lesson_quiz_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "lesson_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "question_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lesson.id"], name=op.f("fk_lesson_quiz_item_lesson_id_lesson")
        ),
        sa.ForeignKeyConstraint(
            ["question_revision_id"],
            ["question_revision.id"],
            name=op.f("fk_lesson_quiz_item_question_revision_id_question_revision"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_quiz_item")),
        sa.UniqueConstraint(
            "lesson_id",
            "slot",
            "position",
            name=op.f("uq_lesson_quiz_item_lesson_id_slot_position"),
        ),
    )
    with op.batch_alter_table("lesson_quiz_item", schema=None) as batch_op:
        batch_op.create_index(
            "ix_lesson_quiz_item_question_revision_id", ["question_revision_id"], unique=False
        )

    op.create_table(
        "answer_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(length=40), nullable=False),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column("part_no", sa.Integer(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_answer_event_attempt_id_attempt")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_event")),
        sa.UniqueConstraint(
            "attempt_id", "event_id", name=op.f("uq_answer_event_attempt_id_event_id")
        ),
        sa.UniqueConstraint("attempt_id", "seq", name=op.f("uq_answer_event_attempt_id_seq")),
    )
    op.create_table(
        "grade",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("score_centi", sa.Integer(), nullable=False),
        sa.Column("full_centi", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("policy_version", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("graded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'FINAL' AND passed IS NOT NULL) OR (state = 'PENDING' AND passed IS NULL)",
            name=op.f("ck_grade_state"),
        ),
        sa.CheckConstraint("score_centi BETWEEN 0 AND full_centi", name=op.f("ck_grade_score")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_grade_attempt_id_attempt")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grade")),
        sa.UniqueConstraint("attempt_id", "no", name=op.f("uq_grade_attempt_id_no")),
    )
    with op.batch_alter_table("grade", schema=None) as batch_op:
        batch_op.create_index("ix_grade_state", ["state"], unique=False)

    op.create_table(
        "mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column("part_no", sa.Integer(), nullable=False),
        sa.Column("points_centi", sa.Integer(), nullable=False),
        sa.Column("rubric", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column(
            "marker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points_centi >= 0", name=op.f("ck_mark_points")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_mark_attempt_id_attempt")
        ),
        sa.ForeignKeyConstraint(
            ["marker_id"], ["person.id"], name=op.f("fk_mark_marker_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
    )
    with op.batch_alter_table("mark", schema=None) as batch_op:
        batch_op.create_index("ix_mark_attempt_id", ["attempt_id"], unique=False)
    if op.get_bind().dialect.name != "sqlite":
        for table in CURRENT_REVISIONS:
            op.create_foreign_key(
                f"fk_{table}_current_revision_id_{table}_revision",
                table,
                f"{table}_revision",
                ["current_revision_id"],
                ["id"],
            )
    guard_append_only(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    unguard_append_only(op.get_bind(), APPEND_ONLY)
    if op.get_bind().dialect.name != "sqlite":
        for table in CURRENT_REVISIONS:
            op.drop_constraint(
                f"fk_{table}_current_revision_id_{table}_revision", table, type_="foreignkey"
            )
    with op.batch_alter_table("mark", schema=None) as batch_op:
        batch_op.drop_index("ix_mark_attempt_id")

    op.drop_table("mark")
    with op.batch_alter_table("grade", schema=None) as batch_op:
        batch_op.drop_index("ix_grade_state")

    op.drop_table("grade")
    op.drop_table("answer_event")
    with op.batch_alter_table("lesson_quiz_item", schema=None) as batch_op:
        batch_op.drop_index("ix_lesson_quiz_item_question_revision_id")

    op.drop_table("lesson_quiz_item")
    with op.batch_alter_table("lesson_citation", schema=None) as batch_op:
        batch_op.drop_index("ix_lesson_citation_law_version")

    op.drop_table("lesson_citation")
    op.drop_table("exam_candidate")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_attempt_one_open",
            sqlite_where=sa.text("state = 'IN_PROGRESS'"),
            postgresql_where=sa.text("state = 'IN_PROGRESS'"),
        )
        batch_op.drop_index("ix_attempt_state_deadline_at")
        batch_op.drop_index("ix_attempt_person_id")

    op.drop_table("attempt")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_assignment_exam",
            sqlite_where=sa.text("cancelled_at IS NULL"),
            postgresql_where=sa.text("cancelled_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_assignment_course",
            sqlite_where=sa.text("cancelled_at IS NULL"),
            postgresql_where=sa.text("cancelled_at IS NULL"),
        )
        batch_op.drop_index("ix_assignment_org_unit_id")

    op.drop_table("assignment")
    with op.batch_alter_table("training_record", schema=None) as batch_op:
        batch_op.drop_index("ix_training_record_person_id_credit_year")
        batch_op.drop_index("ix_training_record_kind_subject_code_person_id")

    op.drop_table("training_record")
    op.drop_table("separated_admin")
    op.drop_table("role_grant")
    op.drop_table("reading_clock")
    with op.batch_alter_table("quiz_response", schema=None) as batch_op:
        batch_op.drop_index("ix_quiz_response_person_id_course_id_lesson_code")

    op.drop_table("quiz_response")
    op.drop_table("question_key")
    with op.batch_alter_table("pending_import", schema=None) as batch_op:
        batch_op.drop_index("ix_pending_import_sha256")
        batch_op.drop_index("ix_pending_import_person_id")

    op.drop_table("pending_import")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_index("ix_login_session_person_id")

    op.drop_table("login_session")
    op.drop_table("lesson_progress")
    op.drop_table("lesson")
    with op.batch_alter_table("exam", schema=None) as batch_op:
        batch_op.drop_index("ix_exam_org_unit_id")
        batch_op.drop_index("ix_exam_closes_at")

    op.drop_table("exam")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_at")
        batch_op.drop_index("ix_audit_entry_actor_id_at")
        batch_op.drop_index("ix_audit_entry_action_at")

    op.drop_table("audit_entry")
    op.drop_table("question_revision")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index("ix_person_org_unit_id")

    op.drop_table("person")
    op.drop_table("course_revision")
    op.drop_table("blueprint_revision")
    with op.batch_alter_table("sign_in_failure", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_failure_source_at")
        batch_op.drop_index("ix_sign_in_failure_at")
        batch_op.drop_index("ix_sign_in_failure_account_at")

    op.drop_table("sign_in_failure")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index("ix_question_pool_status")

    op.drop_table("question")
    with op.batch_alter_table("org_unit", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_org_unit_path_prefix", postgresql_ops={"path": "varchar_pattern_ops"}
        )
        batch_op.drop_index("ix_org_unit_parent_id")

    op.drop_table("org_unit")
    op.drop_table("law_version")
    op.drop_table("course")
    op.drop_table("content_file")
    op.drop_table("content_asset")
    op.drop_table("blueprint")
