"""Use cases: everything a clinician does, as functions of typed values.

The interfaces (JSON, HTML) call these functions and nothing below them.
"""
