"""Tests of the effects of a clinician's decisions on a client: invitations, changed addresses, ended access."""

from typing import Any

from tests.kit.clinician import ClinicianApi
from tests.kit.live_portal import LivePortal

ANA, MARIA = "ana@example.com", "maria.gomez@gmail.com"


def access(clinician: ClinicianApi, client: str) -> dict[str, Any]:
    """Return the access of a client as the clinician sees it."""
    seen: dict[str, Any] = clinician.get(f"/clients/{client}/portal-access").document
    return seen


def test_the_invitation_opens_a_first_sign_in_and_the_banner_goes(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    client = clinician.add_client("Noa Becker", "noa@example.com", invite={"items": ["Intake form"]})
    letter = live_portal.letter("noa@example.com")
    before = access(clinician, client)
    browser = live_portal.browser()
    question = browser.get(letter["url"])
    arrived = browser.post(letter["url"])
    home = browser.follow(arrived).page
    after = access(clinician, client)

    assert letter["subject"] == "Your invitation to the Client Portal"
    assert "Noa" in letter["text"]
    assert f"{live_portal.url}/willow" in letter["text"].replace(letter["url"], "")
    assert (before["status"], before["banner"], before["can_resend"]) == (
        "invited",
        "Noa Becker hasn't signed in yet.",
        True,
    )
    assert question.page.heading == "Welcome to your Client Portal"
    assert arrived.location == "/willow/home"
    assert "you can also ask me in our next session" in home.text
    assert "Get Started" in home.buttons
    assert (after["status"], after["banner"], after["can_resend"]) == ("active", None, False)


def test_an_invitation_in_spanish_is_in_spanish(live_portal: LivePortal) -> None:
    live_portal.clinician().add_client("Nuria Vidal", "nuria@example.com", language="es", invite={})
    letter = live_portal.letter("nuria@example.com")

    assert letter["subject"] == "Su invitación al Portal de clientes"
    assert letter["headers"]["Content-Language"] == "es"


def test_an_invitation_is_never_opened_without_a_press(live_portal: LivePortal) -> None:
    """This includes a browser that has requested a link itself."""
    address = live_portal.fresh_client()
    link = live_portal.letter(address)["url"]
    browser = live_portal.browser()
    live_portal.settle()
    before = live_portal.at_rest()

    assert browser.get(link).status == 200
    assert live_portal.changes_since(before) == {}


def test_a_second_invitation_ends_the_first_and_there_is_none_after_the_first_sign_in(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    client = clinician.add_client("Gil Marsh", "gil@example.com", invite={})
    first = live_portal.letter("gil@example.com")["url"]
    live_portal.wait(61)
    assert clinician.post(f"/clients/{client}/invitations", {"resend": True}).status == 201
    second = live_portal.letter("gil@example.com", 2)["url"]
    browser = live_portal.browser()

    assert browser.get(first).page.heading == "There’s a newer link in your inbox"
    assert browser.post(second).location == "/willow/home"
    assert clinician.post(f"/clients/{client}/invitations", {"resend": True}).code == "already_signed_in"


def test_disabling_access_ends_everything_at_once_and_restoring_it_revives_nothing(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    client = clinician.add_client("Uma Lind", "uma@example.com", invite={})
    inside = live_portal.browser()
    inside.post(live_portal.letter("uma@example.com")["url"])
    live_portal.wait(61)
    link, pin = live_portal.link("uma@example.com"), clinician.pin(client)
    assert inside.get("/willow/session").status == 200
    ended = clinician.request("DELETE", f"/clients/{client}/portal-access")

    def tried() -> list[object]:
        return [
            inside.get("/willow/session").status,
            inside.get("/willow/home").location,
            live_portal.browser().post(link).status,
            live_portal.app().post("/willow/pin", {"email": "uma@example.com", "pin": pin}).code,
        ]

    assert ended.status == 204
    assert tried() == [401, "/willow/sign-in", 410, "pin_refused"]
    assert live_portal.app().request_link("uma@example.com").code == "email_unknown"
    live_portal.settle()
    assert clinician.post(f"/clients/{client}/invitations").status == 201
    invitation = next(mail["url"] for mail in live_portal.letters("uma@example.com") if mail["url"])
    assert tried() == [401, "/willow/sign-in", 410, "pin_refused"]
    assert live_portal.browser().post(invitation).location == "/willow/home"


def test_another_address_takes_over_and_the_old_one_is_out(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    client = clinician.add_client("Ivo Stern", "ivo@example.com", invite={})
    inside = live_portal.browser()
    inside.post(live_portal.letter("ivo@example.com")["url"])
    live_portal.wait(61)
    link = live_portal.link("ivo@example.com")
    unconfirmed = clinician.request(
        "PUT", f"/clients/{client}/email", {"email": "ivo.stern@example.com", "email_ok": True}
    )
    still = inside.get("/willow/session").status
    moved = clinician.request(
        "PUT",
        f"/clients/{client}/email",
        {"email": "ivo.stern@example.com", "email_ok": True, "disable_and_resend": True},
    )

    assert (unconfirmed.status, unconfirmed.code, still) == (409, "confirm_disable_and_resend", 200)
    assert moved.status == 200
    assert inside.get("/willow/session").status == 401
    assert live_portal.browser().post(link).status == 410
    assert live_portal.app().request_link("ivo@example.com").code == "email_unknown"
    browser = live_portal.browser()
    assert browser.post(live_portal.letter("ivo.stern@example.com")["url"]).location == "/willow/home"


def test_a_guardian_loses_a_childs_profile_the_moment_it_is_removed(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    guardian = {"name": "Kira Boone", "email": "kira@example.com", "email_ok": True, "relation": "guardian"}
    children = [
        clinician.post("/clients", {"name": f"{name} Boone", "kind": "minor"}).document["id"] for name in ("Max", "Lia")
    ]
    contacts = [clinician.post(f"/clients/{child}/contacts", {**guardian}) for child in children]
    live_portal.settle()
    browser = live_portal.browser()
    browser.post(next(mail["url"] for mail in live_portal.letters("kira@example.com") if mail["url"]))
    names = [profile["name"] for profile in browser.get("/willow/session").document["profiles"]]
    browser.post("/willow/profiles", {"profile": children[0]})
    assert "Max Boone" in browser.get("/willow/home").page.text
    used = clinician.request("DELETE", f"/clients/{children[0]}/contacts/{contacts[0].document['id']}")

    assert [contact.status for contact in contacts] == [201, 201]
    assert names == ["Max Boone", "Lia Boone"]
    assert used.status == 204
    assert browser.get("/willow/session").status == 401
    repeated = live_portal.signed_in("kira@example.com")
    assert [profile["name"] for profile in repeated.get("/willow/session").document["profiles"]] == ["Lia Boone"]


def test_a_client_can_be_signed_out_everywhere(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    browser = live_portal.signed_in(ANA)

    assert clinician.request("DELETE", f"/clients/{clinician.client_with(ANA)}/sessions").status == 204
    assert browser.get("/willow/session").status == 401


def test_the_clinician_can_see_why_a_client_cannot_get_in(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    (robin, jo) = (clinician.client_with(f"{name}@example.com") for name in ("robin", "jo"))
    response = [clinician.get(f"/clients/{client}/diagnosis").body for client in (robin, jo)]

    assert "access" in response[0].lower()
    assert "consent" in response[1].lower() or "agreed" in response[1].lower()


def test_no_clinician_sees_another_practices_clients(live_portal: LivePortal) -> None:
    willow, harbor = live_portal.clinician("willow"), live_portal.clinician("harbor")
    client = willow.client_with(MARIA)

    assert harbor.get(f"/clients/{client}").status == 404
    assert harbor.post(f"/clients/{client}/pin-codes").status == 404
    assert harbor.request("DELETE", f"/clients/{client}/portal-access").status == 404
    assert willow.get(f"/clients/{client}").status == 200


def test_a_number_and_words_that_the_practice_changes_are_on_the_pages_at_once(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician("harbor", "admin")
    try:
        clinician.request("PATCH", "", {"phone": "(206) 555-0199"})
        assert "(206) 555-0199" in live_portal.browser().get("/harbor/help").page.links
    finally:
        clinician.request("PATCH", "", {"phone": "(206) 555-0187"})
    assert "(206) 555-0187" in live_portal.browser().get("/harbor/help").page.links
