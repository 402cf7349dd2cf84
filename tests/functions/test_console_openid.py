"""Sign-in to the console by the OpenID provider of another project, which this test starts on the loopback."""

import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, Request, build_opener

import pytest

from latchkey.identity import jwks, staff
from latchkey.rules.members import Role
from latchkey.store import members
from local.processes import free_port
from tests.kit import caches, sam_template
from tests.kit.browser import Browser
from tests.kit.cloud import boto3_client
from tests.kit.gateway_events import ORIGIN
from tests.kit.portal import Portal

SCRIPT = Path(__file__).with_name("openid_provider.mjs")
CLIENT, SECRET = "console", "a-secret-of-the-console-" + "x" * 20
LEE = "lee"
ACTION = re.compile(r'<form[^>]*action="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
MAX_STEPS = 12
MAX_STARTS, START_SECONDS = 3, 15.0


@contextmanager
def provider_process(port: int, key_id: str) -> Iterator[str]:
    """Run the provider with a new signing key of this id. Yield its issuer."""
    process = next((started for _ in range(MAX_STARTS) if (started := _start(port, key_id))), None)
    assert process, "the provider did not start"
    with process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _start(port: int, key_id: str) -> subprocess.Popen[str] | None:
    """Return the provider's process when it is ready, else None. Node 20 may wait for its own threads for ever."""
    node = shutil.which("node")
    assert node, "the provider needs Node"
    command = [node, str(SCRIPT), str(port), key_id, CLIENT, SECRET, ORIGIN]
    # It runs in the project's folder, in which Node finds the package.
    process = subprocess.Popen(  # noqa: S603 - a script of this folder
        command, cwd=sam_template.PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout
    end = Timer(START_SECONDS, process.kill)
    end.start()
    is_ready = any(line.strip() == "ready" for line in process.stdout)
    end.cancel()
    if is_ready:
        return process
    process.stdout.close()
    process.wait()
    return None


class NoRedirects(HTTPRedirectHandler):
    """Redirects are followed step by step, because the last one leads to the console."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


class Person:
    """A person with a browser at the provider, which keeps its cookies."""

    def __init__(self) -> None:
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()), NoRedirects())
        self.typed: list[str] = []
        """The prompts that the person answered."""

    def consent(self, url: str, login: str = LEE) -> str:
        """Sign in at the provider. Return the path and query of the return to the console."""
        location, body = self._open(url)
        for _ in range(MAX_STEPS):
            if location.startswith(ORIGIN):
                return location.removeprefix(ORIGIN)
            if location:
                url = urljoin(url, location)
                location, body = self._open(url)
                continue
            fields = dict(HIDDEN.findall(body))
            prompt = fields.get("prompt", "")
            self.typed.append(prompt)
            if prompt == "login":
                fields |= {"login": login, "password": "any"}
            found = ACTION.search(body)
            assert found, body
            url = urljoin(url, found[1])
            location, body = self._open(url, fields)
        raise AssertionError("the provider goes round in circles")

    def sign_out(self, url: str) -> str:
        """Confirm the sign-out at the provider. Return the place that it goes on to."""
        _, body = self._open(url)
        found = ACTION.search(body)
        assert found, body
        location, _ = self._open(urljoin(url, found[1]), dict(HIDDEN.findall(body)) | {"logout": "yes"})
        return location

    def _open(self, url: str, fields: dict[str, str] | None = None) -> tuple[str, str]:
        """Return the target of the redirect and the page. One of them is empty."""
        body = urlencode(fields).encode() if fields is not None else None
        try:
            with self.opener.open(Request(url, body), timeout=10) as response:  # noqa: S310 - the loopback
                return "", response.read().decode()
        except HTTPError as error:
            if error.code not in (302, 303):
                raise
            return error.headers["location"], ""


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(autouse=True)
def _trusted(portal: Portal, port: int) -> None:
    """The console trusts the provider, and Dr. Lee is a clinician of Willow."""
    url = f"http://127.0.0.1:{port}"
    portal.parameters |= {"TokenIssuer": url, "TokenClientIds": CLIENT, "ConsoleClientId": CLIENT}
    stored = boto3_client("secretsmanager").create_secret(Name=secrets.token_hex(8), SecretString=SECRET)
    portal._names["ConsoleSecret"] = stored["ARN"]  # noqa: SLF001 - a secret of the stack
    caches.empty(staff)
    caches.empty(jwks)
    with portal._environment("Console"):  # noqa: SLF001 - the table is written as a function would
        members.set_role("willow", LEE, Role.CLINICIAN, "Dr. Lee")


def sign_in(browser: Browser, person: Person, to: str = "/admin/willow", login: str = LEE) -> int:
    """Sign in, and return the status of the callback."""
    return browser.get(person.consent(browser.get(f"/admin/sign-in?to={to}").location, login)).status


def test_discovery_code_flow_sign_out_and_rotated_keys(portal: Portal, port: int) -> None:
    browser, person = portal.browser(), Person()
    with provider_process(port, "first"):
        started = browser.get("/admin/sign-in?to=/admin/willow/clients").location
        assert urlsplit(started).path == "/auth"  # found by discovery
        returned = person.consent(started)
        assert person.typed == ["login", "consent"]
        callback = browser.get(returned)
        assert (callback.status, callback.location) == (303, "/admin/willow/clients")
        page = browser.get("/admin/willow/clients")
        assert (page.status, page.page.heading) == (200, "Clients")
        with portal._environment("Console"):  # noqa: SLF001
            assert members.verified_address_of("willow", LEE) == "lee@example.com"

        # The code was used, and another browser did not start this sign-in.
        assert browser.get(returned).location == "/admin"
        thief = portal.browser()
        assert thief.get(returned).status >= 400
        assert "__Host-staff" not in thief.cookies

        # The provider's session is enough for a second browser window, as long as nobody signed out.
        assert sign_in(portal.browser(), person) == 303
        assert person.typed == ["login", "consent"]
        out = browser.post("/admin/sign-out").page
        assert browser.get("/admin/willow/clients").status == 401
        assert person.sign_out(out.links["Sign out of your account too"]) == f"{ORIGIN}/admin"
        assert sign_in(portal.browser(), person) == 303
        assert person.typed.count("login") == 2

    # The provider is down: a page with a way on.
    portal.now += 2 * 3600
    caches.empty(staff)
    down = portal.browser().get("/admin/sign-in")
    assert down.status >= 400
    assert down.page.links["Try once more"] == "/admin/sign-in"

    # It comes back with another key, which nobody announced.
    with provider_process(port, "second"):
        caches.empty(staff)
        assert sign_in(portal.browser(), Person()) == 303


def test_after_an_idle_end_the_provider_asks_once_more(portal: Portal, port: int) -> None:
    caches.empty(staff)
    with provider_process(port, "third"):
        browser, person = portal.browser(), Person()
        assert sign_in(browser, person) == 303
        portal.now += 20 * 60
        assert browser.get("/admin/willow").status == 401
        assert sign_in(browser, person, "/admin/willow/clients") == 303
        assert person.typed.count("login") == 2
        assert browser.get("/admin/willow").status == 200


def test_a_stranger_at_the_provider_reads_the_subject_and_nothing_is_created(portal: Portal, port: int) -> None:
    caches.empty(staff)
    with provider_process(port, "fourth"):
        before = portal.at_rest()
        browser, person = portal.browser(), Person()
        refused = browser.get(person.consent(browser.get("/admin/sign-in").location, "stranger"))
        assert refused.status == 403
        assert "stranger" in refused.page.text
        assert portal.at_rest() == before
