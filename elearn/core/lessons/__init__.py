"""Course directories -> Course dataclasses with located problems; Markdown -> safe HTML."""
