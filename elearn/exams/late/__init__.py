"""Answers that came too late: an examiner decides whether they count (补传待裁定)."""
