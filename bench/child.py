"""`python -m bench.child NOTE WORDS…`: the `elearn` command with an eye on what it uses."""

import json
import resource
import sys
import time
from pathlib import Path

from sqlalchemy import Engine, event

from bench.measure import Tape, repeated
from bench.processes import peak_rss_mb

MOST_REPEATED = 5


def watch() -> Tape:
    """Hear every engine of this process."""
    tape = Tape(on=True)
    event.listen(Engine, "before_cursor_execute", tape.note)
    return tape


def main() -> None:
    """Run the command; write what it used, however it ends."""
    note, words = Path(sys.argv[1]), sys.argv[2:]
    tape = watch()
    sys.argv = ["elearn", *words]
    try:
        from elearn.cli import main as command  # noqa: PLC0415  a broken command is a result too

        command()
    finally:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = {
            "cpu_s": time.process_time() + children.ru_utime + children.ru_stime,
            "statements": sum(tape.seen.values()),
            "repeated": repeated(tape.seen, 1)[:MOST_REPEATED],
            "peak_rss_mb": peak_rss_mb(),
        }
        note.write_text(json.dumps(used))


if __name__ == "__main__":
    main()
