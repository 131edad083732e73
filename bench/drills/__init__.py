"""Fault drills: break the machine under load and count acknowledged answers that are gone.

Every drill has a control, the same fault on a deliberately weakened system, which must lose
something; a drill whose control loses nothing proves nothing and fails. docs/exam-day.md.
"""
