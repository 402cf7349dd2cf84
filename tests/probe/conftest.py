"""The probe visits the portal that the journeys share."""

from tests.journeys.conftest import live_portal, shared

__all__ = ["live_portal", "shared"]
