"""Support codes: the name of a request, which a person can read out on the phone (B145)."""

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Digits and letters that are not mistaken for others: no 0 or O, and no 1, I or L."""
LENGTH = 6
GROUP = 3
COUNT = len(ALPHABET) ** LENGTH
"""The number of codes: 887 million."""


def code_of(number: int) -> str:
    """Return the code of a number below `COUNT`, in two groups."""
    symbols = ""
    for _ in range(LENGTH):
        number, symbol = divmod(number, len(ALPHABET))
        symbols += ALPHABET[symbol]
    return f"{symbols[:GROUP]}-{symbols[GROUP:]}"


def parse(text: str) -> str | None:
    """Return a typed code in the form in which pages show it, or None. Case, spaces and hyphens do not matter."""
    symbols = "".join(text.upper().replace("-", " ").split())
    if len(symbols) != LENGTH or not set(symbols) <= set(ALPHABET):
        return None
    return f"{symbols[:GROUP]}-{symbols[GROUP:]}"
