"""Papers for a room without computers: forms A to D, answer sheet, key, results coming back."""
