"""A portal of two practices with people on file, on moto: one thread, one event at a time."""

from collections.abc import Iterator

import pytest

from latchkey import metrics, tokens
from latchkey.store import practices
from tests.kit import caches
from tests.kit.browser import App, Browser
from tests.kit.cloud import Cloud, shared_cloud
from tests.kit.portal import Portal
from tests.kit.seed import seed_people


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with shared_cloud(lambda cloud: seed_people(Portal(cloud))) as cloud:
        yield cloud


@pytest.fixture
def portal(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    # tests/test_tokens.py checks how slow PBKDF2 is
    monkeypatch.setattr(tokens, "PIN_ROUNDS", 1000)
    # a practice that an earlier test cached would hide that this test cannot read it
    caches.empty(practices)
    # drops the counts of an earlier test
    metrics.emf_fields()
    with Portal(cloud).opened() as portal:
        yield portal
    cloud.put_back(portal.aws.written_tables())
    tell_nothing(portal)


@pytest.fixture
def browser(portal: Portal) -> Browser:
    return portal.browser()


@pytest.fixture
def another(portal: Portal) -> Browser:
    """Return a second browser with the same source."""
    return portal.browser()


@pytest.fixture
def app(portal: Portal) -> App:
    return portal.app()


def tell_nothing(portal: Portal) -> None:
    """Fail if the log holds an address, a link or a cookie."""
    log = portal.log.getvalue()
    assert "@" not in log
    assert "example.com" not in log
    for secret in [
        letter.path.rpartition("/")[2] for letter in portal.letters if "/link/" in letter.text
    ] + portal.cookies:
        assert secret[:20] not in log
