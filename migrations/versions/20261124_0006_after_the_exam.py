"""After the exam: corrections, regrading, disputes, notices, make-ups, marking rules, rechecks

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exam_makeup",
        sa.Column(
            "exam_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "main_exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("exam_id <> main_exam_id", name=op.f("ck_exam_makeup_two_exams")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["person.id"], name=op.f("fk_exam_makeup_created_by_id_person")
        ),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_exam_makeup_exam_id_exam")),
        sa.ForeignKeyConstraint(
            ["main_exam_id"], ["exam.id"], name=op.f("fk_exam_makeup_main_exam_id_exam")
        ),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_exam_makeup")),
    )
    op.create_index("ix_exam_makeup_main_exam_id", "exam_makeup", ["main_exam_id"], unique=False)
    op.create_table(
        "exam_standing",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column(
            "requested_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "(state = 'REQUESTED') = (decided_at IS NULL)", name=op.f("ck_exam_standing_state")
        ),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> person_id",
            name=op.f("ck_exam_standing_not_own"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_exam_standing_decided_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["exam_id"], ["exam.id"], name=op.f("fk_exam_standing_exam_id_exam")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_exam_standing_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["person.id"], name=op.f("fk_exam_standing_requested_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exam_standing")),
        sa.UniqueConstraint("public_id", name=op.f("uq_exam_standing_public_id")),
    )
    op.create_index("ix_exam_standing_person_id", "exam_standing", ["person_id"], unique=False)
    op.create_index("ix_exam_standing_state", "exam_standing", ["state"], unique=False)
    op.create_index(
        "uq_exam_standing_in_force",
        "exam_standing",
        ["exam_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('REQUESTED', 'APPROVED')"),
        postgresql_where=sa.text("state IN ('REQUESTED', 'APPROVED')"),
    )
    op.create_table(
        "key_correction",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("no", sa.Integer(), nullable=True),
        sa.Column(
            "question_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("org_path", sa.String(length=255), nullable=False),
        sa.Column("part_no", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("citation", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column(
            "proposed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('APPROVED', 'APPLIED')) = (no IS NOT NULL) AND (state = 'PROPOSED') = (decided_at IS NULL)",
            name=op.f("ck_key_correction_state"),
        ),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> proposed_by_id",
            name=op.f("ck_key_correction_four_eyes"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_key_correction_decided_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["exam_id"], ["exam.id"], name=op.f("fk_key_correction_exam_id_exam")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["person.id"], name=op.f("fk_key_correction_proposed_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["question_revision_id"],
            ["question_revision.id"],
            name=op.f("fk_key_correction_question_revision_id_question_revision"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_correction")),
        sa.UniqueConstraint("no", name=op.f("uq_key_correction_no")),
        sa.UniqueConstraint("public_id", name=op.f("uq_key_correction_public_id")),
    )
    op.create_index(
        "ix_key_correction_question_revision_id",
        "key_correction",
        ["question_revision_id"],
        unique=False,
    )
    op.create_index("ix_key_correction_state", "key_correction", ["state"], unique=False)
    op.create_table(
        "makeup_candidate",
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("cause", sa.String(length=10), nullable=False),
        sa.Column("removed_reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["exam_id"], ["exam.id"], name=op.f("fk_makeup_candidate_exam_id_exam")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_makeup_candidate_person_id_person")
        ),
        sa.PrimaryKeyConstraint("exam_id", "person_id", name=op.f("pk_makeup_candidate")),
    )
    op.create_table(
        "marking_rule",
        sa.Column(
            "exam_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("double", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tolerance_centi", sa.Integer(), nullable=False),
        sa.Column("show_names", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "changed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("tolerance_centi >= 0", name=op.f("ck_marking_rule_tolerance")),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["person.id"], name=op.f("fk_marking_rule_changed_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["exam_id"], ["exam.id"], name=op.f("fk_marking_rule_exam_id_exam")
        ),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_marking_rule")),
    )
    op.create_table(
        "record_correction",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "supersedes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "record_id <> supersedes_id", name=op.f("ck_record_correction_two_rows")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["training_record.id"],
            name=op.f("fk_record_correction_record_id_training_record"),
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["training_record.id"],
            name=op.f("fk_record_correction_supersedes_id_training_record"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_correction")),
        sa.UniqueConstraint("record_id", name=op.f("uq_record_correction_record_id")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_record_correction_supersedes_id")),
    )
    op.create_table(
        "dispute",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column(
            "question_revision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=1000), nullable=False),
        sa.Column("citation", sa.String(length=200), nullable=False),
        sa.Column(
            "decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "correction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(state = 'OPEN') = (decided_at IS NULL)", name=op.f("ck_dispute_state")
        ),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> person_id", name=op.f("ck_dispute_not_own")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_dispute_attempt_id_attempt")
        ),
        sa.ForeignKeyConstraint(
            ["correction_id"],
            ["key_correction.id"],
            name=op.f("fk_dispute_correction_id_key_correction"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_dispute_decided_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_dispute_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["question_revision_id"],
            ["question_revision.id"],
            name=op.f("fk_dispute_question_revision_id_question_revision"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("attempt_id", "item_no", name=op.f("uq_dispute_attempt_id_item_no")),
        sa.UniqueConstraint("public_id", name=op.f("uq_dispute_public_id")),
    )
    op.create_index(
        "ix_dispute_person_id_created_at", "dispute", ["person_id", "created_at"], unique=False
    )
    op.create_index(
        "ix_dispute_question_revision_id", "dispute", ["question_revision_id"], unique=False
    )
    op.create_index("ix_dispute_state_created_at", "dispute", ["state", "created_at"], unique=False)
    op.create_table(
        "exam_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("exam_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_exam_notice_attempt_id_attempt")
        ),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_exam_notice_exam_id_exam")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_exam_notice_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exam_notice")),
        sa.UniqueConstraint("public_id", name=op.f("uq_exam_notice_public_id")),
    )
    op.create_index(
        "ix_exam_notice_person_id_read_at", "exam_notice", ["person_id", "read_at"], unique=False
    )
    op.create_table(
        "marking_skip",
        sa.Column(
            "attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "marker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("skipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_marking_skip_attempt_id_attempt")
        ),
        sa.ForeignKeyConstraint(
            ["marker_id"], ["person.id"], name=op.f("fk_marking_skip_marker_id_person")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "marker_id", name=op.f("pk_marking_skip")),
    )
    op.create_table(
        "marking_turn",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("marker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_marking_turn_attempt_id_attempt")
        ),
        sa.ForeignKeyConstraint(
            ["marker_id"], ["person.id"], name=op.f("fk_marking_turn_marker_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marking_turn")),
        sa.UniqueConstraint(
            "attempt_id",
            "round",
            "marker_id",
            name=op.f("uq_marking_turn_attempt_id_round_marker_id"),
        ),
        sa.UniqueConstraint(
            "attempt_id", "round", "turn", name=op.f("uq_marking_turn_attempt_id_round_turn")
        ),
    )
    op.create_index(
        "ix_marking_turn_marker_id_done_at", "marking_turn", ["marker_id", "done_at"], unique=False
    )
    op.create_table(
        "recheck",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column(
            "requested_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("score_before", sa.Integer(), nullable=False),
        sa.Column("score_after", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'REQUESTED') = (decided_at IS NULL)", name=op.f("ck_recheck_state")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_recheck_attempt_id_attempt")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_recheck_decided_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["person.id"], name=op.f("fk_recheck_requested_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recheck")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_recheck_attempt_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_recheck_public_id")),
    )
    op.create_index(
        "ix_recheck_open",
        "recheck",
        ["state"],
        unique=False,
        sqlite_where=sa.text("state <> 'DONE'"),
        postgresql_where=sa.text("state <> 'DONE'"),
    )
    op.create_table(
        "regrade",
        sa.Column(
            "correction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("previewed", sa.Boolean(), nullable=False),
        sa.Column("score_before", sa.Integer(), nullable=True),
        sa.Column("passed_before", sa.Boolean(), nullable=True),
        sa.Column("score_after", sa.Integer(), nullable=True),
        sa.Column("passed_after", sa.Boolean(), nullable=True),
        sa.Column("full_centi", sa.Integer(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("grade_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_regrade_attempt_id_attempt")
        ),
        sa.ForeignKeyConstraint(
            ["correction_id"],
            ["key_correction.id"],
            name=op.f("fk_regrade_correction_id_key_correction"),
        ),
        sa.ForeignKeyConstraint(["grade_id"], ["grade.id"], name=op.f("fk_regrade_grade_id_grade")),
        sa.PrimaryKeyConstraint("correction_id", "attempt_id", name=op.f("pk_regrade")),
    )
    op.create_index("ix_regrade_attempt_id", "regrade", ["attempt_id"], unique=False)
    op.create_index(
        "ix_regrade_correction_id_done", "regrade", ["correction_id", "done"], unique=False
    )
    op.create_index(
        "ix_regrade_correction_id_previewed",
        "regrade",
        ["correction_id", "previewed"],
        unique=False,
    )
    op.add_column(
        "exam", sa.Column("is_makeup", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column(
        "exam", sa.Column("cooldown_days", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "exam", sa.Column("makeups_max", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column("grade", sa.Column("keys_no", sa.Integer(), server_default="0", nullable=False))
    op.add_column("mark", sa.Column("round", sa.Integer(), server_default="1", nullable=False))
    op.add_column(
        "mark", sa.Column("counts", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.create_index("ix_grade_attempt_id_state", "grade", ["attempt_id", "state"])
    guard_append_only(op.get_bind(), ("record_correction",))


def downgrade() -> None:
    # The guards of record_correction go with the table.
    op.drop_index("ix_grade_attempt_id_state", table_name="grade")
    op.drop_column("mark", "counts")
    op.drop_column("mark", "round")
    op.drop_column("grade", "keys_no")
    op.drop_column("exam", "makeups_max")
    op.drop_column("exam", "cooldown_days")
    op.drop_column("exam", "is_makeup")
    op.drop_index("ix_regrade_correction_id_previewed", table_name="regrade")
    op.drop_index("ix_regrade_correction_id_done", table_name="regrade")
    op.drop_index("ix_regrade_attempt_id", table_name="regrade")
    op.drop_table("regrade")
    op.drop_index(
        "ix_recheck_open",
        table_name="recheck",
        sqlite_where=sa.text("state <> 'DONE'"),
        postgresql_where=sa.text("state <> 'DONE'"),
    )
    op.drop_table("recheck")
    op.drop_index("ix_marking_turn_marker_id_done_at", table_name="marking_turn")
    op.drop_table("marking_turn")
    op.drop_table("marking_skip")
    op.drop_index("ix_exam_notice_person_id_read_at", table_name="exam_notice")
    op.drop_table("exam_notice")
    op.drop_index("ix_dispute_state_created_at", table_name="dispute")
    op.drop_index("ix_dispute_question_revision_id", table_name="dispute")
    op.drop_index("ix_dispute_person_id_created_at", table_name="dispute")
    op.drop_table("dispute")
    op.drop_table("record_correction")
    op.drop_table("marking_rule")
    op.drop_table("makeup_candidate")
    op.drop_index("ix_key_correction_state", table_name="key_correction")
    op.drop_index("ix_key_correction_question_revision_id", table_name="key_correction")
    op.drop_table("key_correction")
    op.drop_index(
        "uq_exam_standing_in_force",
        table_name="exam_standing",
        sqlite_where=sa.text("state IN ('REQUESTED', 'APPROVED')"),
        postgresql_where=sa.text("state IN ('REQUESTED', 'APPROVED')"),
    )
    op.drop_index("ix_exam_standing_state", table_name="exam_standing")
    op.drop_index("ix_exam_standing_person_id", table_name="exam_standing")
    op.drop_table("exam_standing")
    op.drop_index("ix_exam_makeup_main_exam_id", table_name="exam_makeup")
    op.drop_table("exam_makeup")
