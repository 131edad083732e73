"""Sittings (考试安排): window, audience, watching, releasing."""
