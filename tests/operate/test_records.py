"""Tests of the `export` and `erase` commands, over the API as it is deployed."""

import json

import pytest

from operate import records
from tests.kit.live_portal import LivePortal, shared_portal
from tests.operate.conftest import NAME, Operate


@pytest.fixture
def live_portal(request: pytest.FixtureRequest) -> LivePortal:
    live_portal = shared_portal(request.config)
    live_portal.new_day()
    return live_portal


def place(live_portal: LivePortal, client: str, role: str = "clinician") -> list[str]:
    """Return the options that name the API, the client and the token."""
    token = live_portal.portal.authorization("willow", role)  # type: ignore[arg-type]
    return ["--api", live_portal.portal.url, "--practice", "willow", "--client", client, "--token", token]


def test_everything_on_file_is_handed_out(
    live_portal: LivePortal, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "PAGE", 2)
    address = live_portal.fresh_client()
    client = live_portal.clinician().client_with(address)
    assert live_portal.clinician().post(f"/clients/{client}/shares", {"items": ["Intake form"]}).status == 201
    assert len(live_portal.letters(address)) == 2, "the invitation, and the letter about what waits"
    live_portal.signed_in(address)
    code, output, _ = operate("export", *place(live_portal, client))

    assert code == 0
    fields = json.loads(output)
    assert fields["practice"] == "willow"
    assert fields["client"]["emails"][0]["address"] == address
    assert fields["client"]["items"] == ["Before your first visit", "Intake form"]
    assert fields["portal_access"]["status"] == "active"
    assert fields["contacts"] == []
    kinds = [event["kind"] for event in fields["events"]]
    assert {"client_added", "invitation_requested", "items_shared", "link_sent", "session_started"} <= set(kinds)
    assert len({event["id"] for event in fields["events"]}) == len(kinds) > 2


def test_an_erased_client_is_on_file_nowhere(live_portal: LivePortal, operate: Operate) -> None:
    address = live_portal.fresh_client()
    client = live_portal.clinician().client_with(address)
    moved = live_portal.clinician().request(
        "PUT", f"/clients/{client}/email", {"email": f"new-{address}", "email_ok": True, "disable_and_resend": True}
    )
    assert moved.status == 200
    live_portal.settle()
    code, output, _ = operate("erase", *place(live_portal, client))

    assert code == 0
    assert "HIPAA" in output
    at_rest = json.dumps({name: items for name, items in live_portal.at_rest().items() if name != "Replays"})
    assert address not in at_rest
    assert operate("export", *place(live_portal, client))[0] == 2


def test_a_dry_run_erases_nobody(live_portal: LivePortal, operate: Operate) -> None:
    client = live_portal.clinician().client_with(live_portal.fresh_client())

    assert operate("erase", *place(live_portal, client), "--dry-run")[0] == 0
    assert operate("export", *place(live_portal, client))[0] == 0


def test_a_missing_permission_is_reported_in_one_line(live_portal: LivePortal, operate: Operate) -> None:
    client = live_portal.clinician().client_with(live_portal.fresh_client())
    where = place(live_portal, client)
    where[where.index("willow")] = "harbor"
    code, output, errors = operate("export", *where)

    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert "404" in errors


def test_a_token_is_not_sent_in_the_clear(operate: Operate) -> None:
    fields = ["--api", "http://portal.example.com", "--practice", "willow", "--client", "x", "--token", "t"]

    message = "operate: http://portal.example.com is not https, so no token is sent there. Give an https address.\n"
    assert operate("export", *fields)[2] == message


def test_without_a_token_the_error_names_the_command_for_one(operate: Operate) -> None:
    code, _, errors = operate("export", "--api", "https://portal.example.com", "--practice", "willow", "--client", "x")

    assert code == 2
    assert "operate token" in errors


@pytest.mark.usefixtures("deployed")
def test_the_first_practice_is_made_by_an_operator(live_portal: LivePortal, operate: Operate) -> None:
    maple = ["practice", "--stack", NAME, "--api", live_portal.portal.url, "--slug", "maple", "--name", "Maple Clinic"]
    maple += ["--phone", "(555) 010-0199", "--time-zone", "America/Chicago"]
    token = ["--token", live_portal.portal.authorization("willow", "operator")]
    dry = operate(*maple, "--dry-run")
    first, repeated = operate(*maple, *token), operate(*maple, *token)
    clinician = operate(*maple, "--token", live_portal.portal.authorization())

    assert dry[0] == 0
    assert first == (0, f"Maple Clinic: {live_portal.portal.url}/maple\n", "")
    message = "operate: Practice maple exists already. Use the API's PATCH to change its settings.\n"
    assert repeated == (2, "", message)
    assert clinician[0] == 2
    assert "Maple Clinic" in live_portal.browser().get("/maple").body


@pytest.mark.usefixtures("deployed")
def test_what_is_wrong_with_a_practice_is_reported(live_portal: LivePortal, operate: Operate) -> None:
    token = ["--token", live_portal.portal.authorization("willow", "operator")]
    maple = [
        "practice",
        "--stack",
        NAME,
        "--api",
        live_portal.portal.url,
        "--slug",
        "oak",
        "--name",
        "Oak",
        "--phone",
        "1",
    ]
    code, _, errors = operate(*maple, "--time-zone", "Chicago", *token)

    assert code == 2
    assert "no time zone" in errors
