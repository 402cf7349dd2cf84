"""Fixtures: the practices and the AWS of the API's tests, for use cases that are called directly."""

from tests.api.conftest import _empty, admin, browser, clinician, clock, cloud, cloud_with_tables, operator

__all__ = ["_empty", "admin", "browser", "clinician", "clock", "cloud", "cloud_with_tables", "operator"]
