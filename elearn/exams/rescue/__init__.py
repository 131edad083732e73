"""The last resort: answer files handed in by candidates whose phone could not deliver."""
