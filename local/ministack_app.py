"""ministack's application for uvicorn. It runs in ministack's environment, and imports nothing of this project.

ministack parses the policies of a caller's role twice for each request, which takes a sixth of its time.
"""

from functools import cache
from typing import Any

from ministack.app import app  # type: ignore[import-not-found] # mypy does not see ministack's environment
from ministack.core import iam_evaluator  # type: ignore[import-not-found]

__all__ = ["app"]

_usual_parse = iam_evaluator.parse_policy_document
_parse_text = cache(_usual_parse)


def _parse(document: Any) -> Any:
    """Return the statements of a policy document."""
    return _parse_text(document) if isinstance(document, str) else _usual_parse(document)


iam_evaluator.parse_policy_document = _parse
