"""The one way in which a rehearsal fails."""


class Trouble(Exception):
    """Something was not as it should be; the message is one line."""


def expect(fact: object, otherwise: str) -> None:
    """Go on if something is so.

    :raises Trouble: it is not; the message is `otherwise`.
    """
    if not fact:
        raise Trouble(otherwise)
