"""One client's data is handed out whole, and ended, over the API as it is deployed."""

import json

import pytest

from operate import records
from tests.kit import live_portal as towns
from tests.kit.live_portal import Town
from tests.operate.conftest import NAME, Operate


@pytest.fixture
def town(request: pytest.FixtureRequest) -> Town:
    town = towns.shared(request.config)
    town.new_day()
    return town


def place(town: Town, client: str, role: str = "clinician") -> list[str]:
    """Which client, where, and in whose name."""
    token = town.portal.authorization("willow", role)  # type: ignore[arg-type]
    return ["--api", town.portal.url, "--practice", "willow", "--client", client, "--token", token]


def test_everything_on_file_is_handed_out(town: Town, operate: Operate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PAGE", 2)
    address = town.newcomer()
    client = town.desk().client(address)
    assert town.desk().post(f"/clients/{client}/shares", items=["Intake form"]).status == 201
    town.signed_in("willow", address)
    code, said, _ = operate("export", *place(town, client))

    assert code == 0
    told = json.loads(said)
    assert told["practice"] == "willow"
    assert told["client"]["emails"][0]["address"] == address
    assert told["client"]["items"] == ["Intake form"]
    assert told["portal_access"]["status"] == "active"
    assert told["contacts"] == []
    kinds = [event["kind"] for event in told["events"]]
    assert {"client_added", "invitation_requested", "items_shared", "link_sent", "session_started"} <= set(kinds)
    assert len({event["id"] for event in told["events"]}) == len(kinds) > 2


def test_an_erased_client_is_on_file_nowhere(town: Town, operate: Operate) -> None:
    address = town.newcomer()
    client = town.desk().client(address)
    moved = town.desk().put(f"/clients/{client}/email", email=f"new-{address}", email_ok=True, disable_and_resend=True)
    assert moved.status == 200
    town.settle()
    code, said, _ = operate("erase", *place(town, client))

    assert code == 0
    assert "HIPAA" in said
    at_rest = json.dumps({name: items for name, items in town.at_rest().items() if name != "Replays"})
    assert address not in at_rest
    assert operate("export", *place(town, client))[0] == 2


def test_a_dry_run_erases_nobody(town: Town, operate: Operate) -> None:
    client = town.desk().client(town.newcomer())

    assert operate("erase", *place(town, client), "--dry-run")[0] == 0
    assert operate("export", *place(town, client))[0] == 0


def test_who_may_not_is_told_so_in_one_line(town: Town, operate: Operate) -> None:
    client = town.desk().client(town.newcomer())
    where = place(town, client)
    where[where.index("willow")] = "harbor"
    code, said, trouble = operate("export", *where)

    assert (code, said, trouble.count("\n")) == (2, "", 1)
    assert "404" in trouble


def test_a_token_is_not_sent_in_the_clear(operate: Operate) -> None:
    told = ["--api", "http://portal.example.com", "--practice", "willow", "--client", "x", "--token", "t"]

    message = "operate: http://portal.example.com is not https, so no token is sent there. Give an https address.\n"
    assert operate("export", *told)[2] == message


def test_without_a_token_it_is_said_where_one_comes_from(operate: Operate) -> None:
    code, _, trouble = operate("export", "--api", "https://portal.example.com", "--practice", "willow", "--client", "x")

    assert code == 2
    assert "operate token" in trouble


@pytest.mark.usefixtures("deployed")
def test_the_first_practice_is_made_by_an_operator(town: Town, operate: Operate) -> None:
    maple = ["practice", "--stack", NAME, "--api", town.portal.url, "--slug", "maple", "--name", "Maple Clinic"]
    maple += ["--phone", "(555) 010-0199", "--time-zone", "America/Chicago"]
    token = ["--token", town.portal.authorization("willow", "operator")]
    dry = operate(*maple, "--dry-run")
    first, again = operate(*maple, *token), operate(*maple, *token)
    clinician = operate(*maple, "--token", town.portal.authorization())

    assert dry[0] == 0
    assert first == (0, f"Maple Clinic: {town.portal.url}/maple\n", "")
    message = "operate: Practice maple exists already. Use the API's PATCH to change its settings.\n"
    assert again == (2, "", message)
    assert clinician[0] == 2
    assert "Maple Clinic" in town.browser().get("/maple").body.decode()


@pytest.mark.usefixtures("deployed")
def test_what_is_wrong_with_a_practice_is_said(town: Town, operate: Operate) -> None:
    token = ["--token", town.portal.authorization("willow", "operator")]
    maple = ["practice", "--stack", NAME, "--api", town.portal.url, "--slug", "oak", "--name", "Oak", "--phone", "1"]
    code, _, trouble = operate(*maple, "--time-zone", "Chicago", *token)

    assert code == 2
    assert "no time zone" in trouble
