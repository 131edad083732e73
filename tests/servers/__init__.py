"""What a test run needs from the machine: a PostgreSQL server and a browser."""
