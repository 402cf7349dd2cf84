"""Tests of the health check, of the files of apps, and of unknown paths."""

import pytest

from latchkey import __version__
from tests.kit.browser import Browser
from tests.kit.portal import Portal


def test_the_stack_says_that_it_is_well_and_which_version_it_is(browser: Browser) -> None:
    answer = browser.get("/healthz")

    assert (answer.status, answer.document) == (200, {"status": "ok", "version": __version__})
    assert browser.head("/healthz").status == 200
    assert browser.post("/healthz").status == 405


def test_apps_learn_which_links_are_theirs(portal: Portal) -> None:
    """B119"""
    fingerprint = ":".join(["AB"] * 32)
    portal.parameters |= {
        "AppleAppIds": "ABCDE12345.com.example.portal,ABCDE12345.com.example.beta",
        "AndroidPackage": "com.example.portal",
        "AndroidFingerprints": fingerprint,
    }

    apple = portal.browser().get("/.well-known/apple-app-site-association").document
    android = portal.browser().get("/.well-known/assetlinks.json").document

    (details,) = apple["applinks"]["details"]
    assert details["appIDs"] == ["ABCDE12345.com.example.portal", "ABCDE12345.com.example.beta"]
    assert details["components"] == [{"/": "/*/link/*"}, {"/": "/*/app/return"}]
    (statement,) = android
    assert statement["relation"] == ["delegate_permission/common.handle_all_urls"]
    assert statement["target"] == {
        "namespace": "android_app",
        "package_name": "com.example.portal",
        "sha256_cert_fingerprints": [fingerprint],
    }


def test_a_stack_without_apps_tells_of_none(browser: Browser) -> None:
    assert browser.get("/.well-known/apple-app-site-association").status == 404
    assert browser.get("/.well-known/assetlinks.json").status == 404


def test_a_practice_cannot_be_named_as_the_files_of_apps(browser: Browser) -> None:
    assert browser.get("/.well-known").status == 404
    assert browser.get("/.well-known/sign-in").status == 404


@pytest.mark.parametrize("path", ["/willow/nothing", "/willow/link/", "/willow/link/a/b", "/Willow/x"])
def test_where_nothing_is_below_a_practice_its_own_page_says_so_and_leads_on(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status == 404
    assert "Willow Family Therapy" in answer.body
    assert 'href="/willow"' in answer.body


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/Nowhere", "//willow/x"])
def test_where_no_practice_is_none_is_named(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status == 404
    assert "Willow" not in answer.page.title
