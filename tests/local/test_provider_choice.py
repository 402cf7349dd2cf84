"""Tests of the choice of the provider in place of Google: environment variables and template parameters."""

import subprocess
import sys
from typing import Any

import pytest

from local import provider_choice
from local.stack import PROJECT

OTHER: dict[str, Any] = {
    "GOOGLE_CLIENT_ID": "portal",
    "GOOGLE_CLIENT_SECRET": "hush",
    "GOOGLE_ISSUER": "http://localhost:9000",
    "GOOGLE_AUTHORIZE_URL": "http://localhost:9000/authorize",
    "GOOGLE_TOKEN_URL": "http://localhost:9000/token",
    "GOOGLE_CERTS_URL": "http://localhost:9000/certs",
}


def test_an_environment_that_says_nothing_leaves_it_to_the_stand_in() -> None:
    assert provider_choice.from_environment({"PATH": "/bin"}) is None


def test_another_provider_is_used_unchanged() -> None:
    named = provider_choice.from_environment(OTHER)

    assert named is not None
    assert named.variables() == OTHER
    assert named.parameters() == {
        "GoogleClientId": "portal",
        "GoogleIssuer": "http://localhost:9000",
        "GoogleAuthorizeUrl": "http://localhost:9000/authorize",
        "GoogleTokenUrl": "http://localhost:9000/token",
        "GoogleCertsUrl": "http://localhost:9000/certs",
    }
    assert "hush" not in repr(named)


def test_a_client_alone_means_google_itself() -> None:
    named = provider_choice.from_environment({"GOOGLE_CLIENT_ID": "portal", "GOOGLE_CLIENT_SECRET": "hush"})

    assert named is not None
    assert named.parameters() == {"GoogleClientId": "portal"}


@pytest.mark.parametrize("message_text", [{"GOOGLE_CLIENT_ID": ""}, provider_choice.OFF.variables()])
def test_an_empty_client_turns_it_off(message_text: dict[str, str]) -> None:
    assert provider_choice.from_environment(message_text) == provider_choice.OFF
    assert provider_choice.OFF.parameters() == {"GoogleClientId": ""}


def test_a_provider_without_a_client_is_refused_with_a_sentence() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "local"],
        cwd=PROJECT,
        env={"GOOGLE_ISSUER": "http://localhost:9000"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.startswith("GOOGLE_CLIENT_ID is missing")
