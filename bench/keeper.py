"""Keeps the PostgreSQL of a bench run: the tests' server, but as durable as in production.

A checkpoint or a vacuum in the middle of a measurement would be charged to whatever runs then:
checkpoints are far apart, and the bench vacuums and analyses itself after loading rows.
"""

import sys
from typing import Final

from tests.servers import postgres

DURABLE: Final = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "shared_buffers": "256MB",
}

if __name__ == "__main__":
    postgres.SETTINGS.update(DURABLE)
    sys.exit(postgres.keep())
