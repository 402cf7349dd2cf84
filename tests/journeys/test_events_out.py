"""Events for other systems, from a sign-in to the event bus and to the receiver in `examples/webhook` (B194, B195)."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local import processes
from tests.kit import sam_template
from tests.kit.clinician import ClinicianApi
from tests.kit.live_portal import LivePortal

RECEIVER = sam_template.PROJECT / "examples" / "webhook" / "receiver.py"
WAIT_SECONDS = 30


@contextmanager
def receiver(port: int, secret: str, output: Path) -> Iterator[None]:
    """Run the example's receiver."""
    with output.open("wb") as printed:
        process = subprocess.Popen([sys.executable, RECEIVER, str(port), secret], stdout=printed)  # noqa: S603 - ours
        try:
            yield
        finally:
            process.kill()
            process.wait()


def soon[T](read: Callable[[], T], is_wanted: Callable[[T], bool]) -> T:
    """Return what `read` returns, as soon as it is wanted."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_wanted(value := read()):
        assert time.monotonic() < deadline, value
        time.sleep(0.1)
    return value


def on_bus(live_portal: LivePortal) -> list[dict[str, Any]]:
    """The details of the events on the bus, which a local rule passes to a queue."""
    messages = live_portal.portal.at_rest()["queues"]["EventBusEvents"]
    return [json.loads(message.get("body") or message["Body"])["detail"] for message in messages]


def test_a_first_sign_in_and_the_end_of_access_reach_bus_and_receiver(live_portal: LivePortal, tmp_path: Path) -> None:
    admin = ClinicianApi(live_portal, live_portal.portal.authorization("willow", "admin"))
    port, output = processes.free_port(), tmp_path / "received"
    made = admin.request("POST", "/webhooks", {"url": f"http://localhost:{port}/hook"}).document
    hook = {"webhook": made["id"]}
    rotated = admin.request("POST", "/webhooks/{webhook}/secret", **hook).document
    client = admin.add_client("Noa Becker", "noa.events@example.com", invite={})
    browser = live_portal.browser()
    browser.post(live_portal.letter("noa.events@example.com")["url"])

    def deliveries() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = admin.request("GET", "/webhooks/{webhook}/deliveries", **hook).document[
            "deliveries"
        ]
        return found

    # nobody listens yet: the first try fails, and a later one comes
    soon(deliveries, lambda found: bool(found) and found[0]["last_result"] == "no_connection")
    # the receiver still has the secret from before the rotation
    with receiver(port, made["secret"], output):
        live_portal.wait(10)
        soon(deliveries, lambda found: found[0]["status"] == "delivered")
        assert admin.request("DELETE", "/clients/{client}/portal-access", client=client).status == 204
        soon(deliveries, lambda found: [one["kind"] for one in found] == ["access_ended", "first_sign_in"])
        soon(deliveries, lambda found: {one["status"] for one in found} == {"delivered"})
        lines = soon(lambda: output.read_text().splitlines(), lambda found: len(found) == 2)

    received = [json.loads(line) for line in lines]
    account = received[0]["data"]["account"]
    assert [event["type"] for event in received] == ["first_sign_in", "access_ended"]
    assert all(event["data"] == {"practice": "willow", "account": account, "client": client} for event in received)
    own = [event for event in on_bus(live_portal) if event["data"].get("client") == client]
    assert [(event["type"], event["data"]) for event in own] == [(event["type"], event["data"]) for event in received]
    assert deliveries()[0]["id"] == own[1]["id"]
    assert rotated["secret"] != made["secret"]
    assert admin.request("DELETE", "/webhooks/{webhook}", **hook).status == 204
