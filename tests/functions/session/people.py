"""People of the tests of sessions."""

MARIA = "maria.gomez@gmail.com"
