"""The practices and the AWS of the API's tests, for use cases that are called directly."""

from tests.api.conftest import _empty, desk, head, house, operator, portal, stage

__all__ = ["_empty", "desk", "head", "house", "operator", "portal", "stage"]
