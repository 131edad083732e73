"""What an operation costs: CPU of application and database, SQL statements. See docs/performance.md."""
