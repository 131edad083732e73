"""Hundredths of a point or of a credit hour, as people write them."""


def centi_text(centi: int) -> str:
    """150 -> `1.5`, 100 -> `1`, 25 -> `0.25`. Not for negative values."""
    whole, rest = divmod(centi, 100)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)
