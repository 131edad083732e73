"""Attempts (答卷): start, save, submit, close, result."""
