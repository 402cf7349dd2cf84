"""The one way in which a command fails."""


class CommandError(Exception):
    """Nothing more was done; the message is one line, for the person at the keyboard."""
