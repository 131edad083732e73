"""Time during an exam: extend, pause, resume, extra time by accommodation."""
