"""A clinician whose program imports files."""

import pytest

from tests.kit.clinician import ISSUER, OAUTH_CLIENT, ClinicianApi
from tests.kit.portal import Portal


@pytest.fixture
def clinician(portal: Portal) -> ClinicianApi:
    portal.parameters |= {"TokenIssuer": ISSUER, "TokenClientIds": OAUTH_CLIENT}
    portal.staff()
    return portal.clinician()
