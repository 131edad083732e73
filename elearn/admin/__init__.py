"""Faces of people, units, roles and the audit log; the tables belong to accounts and audit."""
