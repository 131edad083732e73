"""Telling people on 待办 that something about an exam of theirs has changed."""
