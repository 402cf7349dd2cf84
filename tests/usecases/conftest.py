"""The practices and the AWS of the API's tests, for use cases that are called directly."""

from tests.api.conftest import _empty, browser, clock, cloud, cloud_with_tables, desk, head, operator

__all__ = ["_empty", "browser", "clock", "cloud", "cloud_with_tables", "desk", "head", "operator"]
