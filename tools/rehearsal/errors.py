"""The exception of a rehearsal."""


class RehearsalError(Exception):
    """A step did not go as documented. The message is one line."""


def expect(fact: object, message: str) -> None:
    """Raise unless a fact is true.

    :raises RehearsalError: the fact is not true.
    """
    if not fact:
        raise RehearsalError(message)
