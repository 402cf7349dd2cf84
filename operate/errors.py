"""The error that ends a command."""


class CommandError(Exception):
    """A command failed and did nothing more. The message is one line that says what failed and what to do next."""
