"""Moving an exam (改期) before anybody has started."""
