"""Bank files and in-lesson quizzes <-> Question dataclasses, with every problem located."""
