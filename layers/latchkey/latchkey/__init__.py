"""Sign-in without passwords for the Client Portal of a health practice."""

__version__ = "0.1.0"
