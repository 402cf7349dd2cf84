"""What a clinician's decisions mean for the client: in by an invitation, moved, and out."""

from typing import Any

from tests.kit.live_portal import Town
from tests.kit.visitors import Desk

ANA, MARIA = "ana@example.com", "maria.gomez@gmail.com"


def access(desk: Desk, client: str) -> dict[str, Any]:
    """What the clinician sees of a client's sign-in."""
    seen: dict[str, Any] = desk.get(f"/clients/{client}/portal-access").document
    return seen


def test_the_invitation_opens_a_first_visit_and_the_banner_goes(town: Town) -> None:
    desk = town.desk()
    client = desk.admit("Noa Becker", "noa@example.com")
    letter = town.letter("noa@example.com")
    before = access(desk, client)
    browser = town.browser()
    question = browser.get(letter["url"])
    arrived = browser.press(letter["url"])
    home = browser.follow(arrived).page
    after = access(desk, client)

    assert letter["subject"] == "Willow Creek Therapy invited you to the Client Portal"
    assert "Noa" in letter["text"]
    assert f"{town.url}/willow" in letter["text"].replace(letter["url"], "")
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


def test_an_invitation_in_spanish_is_in_spanish(town: Town) -> None:
    town.desk().admit("Nuria Vidal", "nuria@example.com", language="es")
    letter = town.letter("nuria@example.com")

    assert letter["subject"] == "Willow Creek Therapy le invita al Portal de clientes"
    assert letter["headers"]["Content-Language"] == "es"


def test_an_invitation_is_never_opened_without_a_press(town: Town) -> None:
    """Not even by the browser that has asked for a link itself."""
    address = town.newcomer()
    link = town.letter(address)["url"]
    browser = town.browser()
    town.settle()
    before = town.at_rest()

    assert browser.get(link).status == 200
    assert town.at_rest() == before


def test_a_second_invitation_ends_the_first_and_there_is_none_after_the_first_sign_in(town: Town) -> None:
    desk = town.desk()
    client = desk.admit("Gil Marsh", "gil@example.com")
    first = town.letter("gil@example.com")["url"]
    town.wait(61)
    assert desk.post(f"/clients/{client}/invitations", resend=True).status == 201
    second = town.letter("gil@example.com", 2)["url"]
    browser = town.browser()

    assert browser.get(first).page.heading == "There’s a newer link in your inbox"
    assert browser.press(second).location == "/willow/home"
    assert desk.post(f"/clients/{client}/invitations", resend=True).code == "already_signed_in"


def test_ending_access_ends_everything_at_once_and_giving_it_again_revives_nothing(town: Town) -> None:
    desk = town.desk()
    client = desk.admit("Uma Lind", "uma@example.com")
    inside = town.browser()
    inside.press(town.letter("uma@example.com")["url"])
    town.wait(61)
    link, pin = town.link("willow", "uma@example.com"), desk.pin(client)
    assert inside.get("/willow/session").status == 200
    ended = desk.delete(f"/clients/{client}/portal-access")

    def tried() -> list[object]:
        return [
            inside.get("/willow/session").status,
            inside.get("/willow/home").location,
            town.browser().press(link).status,
            town.app().post("/willow/pin", email="uma@example.com", pin=pin).code,
        ]

    assert ended.status == 204
    assert tried() == [401, "/willow/sign-in", 410, "pin_refused"]
    assert town.app().ask("willow", "uma@example.com").code == "email_unknown"
    town.settle()
    assert desk.post(f"/clients/{client}/invitations").status == 201
    invitation = next(mail["url"] for mail in town.letters("uma@example.com") if mail["url"])
    assert tried() == [401, "/willow/sign-in", 410, "pin_refused"]
    assert town.browser().press(invitation).location == "/willow/home"


def test_another_address_takes_over_and_the_old_one_is_out(town: Town) -> None:
    desk = town.desk()
    client = desk.admit("Ivo Stern", "ivo@example.com")
    inside = town.browser()
    inside.press(town.letter("ivo@example.com")["url"])
    town.wait(61)
    link = town.link("willow", "ivo@example.com")
    unasked = desk.put(f"/clients/{client}/email", email="ivo.stern@example.com", email_ok=True)
    still = inside.get("/willow/session").status
    moved = desk.put(f"/clients/{client}/email", email="ivo.stern@example.com", email_ok=True, disable_and_resend=True)

    assert (unasked.status, unasked.code, still) == (409, "confirm_disable_and_resend", 200)
    assert moved.status == 200
    assert inside.get("/willow/session").status == 401
    assert town.browser().press(link).status == 410
    assert town.app().ask("willow", "ivo@example.com").code == "email_unknown"
    browser = town.browser()
    assert browser.press(town.letter("ivo.stern@example.com")["url"]).location == "/willow/home"


def test_a_guardian_loses_a_childs_profile_the_moment_it_is_taken_away(town: Town) -> None:
    desk = town.desk()
    guardian = {"name": "Kira Boone", "email": "kira@example.com", "email_ok": True, "relation": "guardian"}
    children = [desk.post("/clients", name=f"{name} Boone", kind="minor").document["id"] for name in ("Max", "Lia")]
    contacts = [desk.post(f"/clients/{child}/contacts", **guardian) for child in children]
    town.settle()
    browser = town.browser()
    browser.press(next(mail["url"] for mail in town.letters("kira@example.com") if mail["url"]))
    names = [profile["name"] for profile in browser.get("/willow/session").document["profiles"]]
    browser.press("/willow/profiles", profile=children[0])
    assert "Max Boone" in browser.get("/willow/home").page.text
    taken = desk.delete(f"/clients/{children[0]}/contacts/{contacts[0].document['id']}")

    assert [contact.status for contact in contacts] == [201, 201]
    assert names == ["Max Boone", "Lia Boone"]
    assert taken.status == 204
    assert browser.get("/willow/session").status == 401
    again = town.signed_in("willow", "kira@example.com")
    assert [profile["name"] for profile in again.get("/willow/session").document["profiles"]] == ["Lia Boone"]


def test_a_client_can_be_signed_out_everywhere(town: Town) -> None:
    desk = town.desk()
    browser = town.signed_in("willow", ANA)

    assert desk.delete(f"/clients/{desk.client(ANA)}/sessions").status == 204
    assert browser.get("/willow/session").status == 401


def test_the_clinician_can_see_why_a_client_cannot_get_in(town: Town) -> None:
    desk = town.desk()
    (robin, jo) = (desk.client(f"{name}@example.com") for name in ("robin", "jo"))
    told = [desk.get(f"/clients/{client}/diagnosis").body.decode() for client in (robin, jo)]

    assert "access" in told[0].lower()
    assert "consent" in told[1].lower() or "agreed" in told[1].lower()


def test_no_clinician_sees_another_practices_clients(town: Town) -> None:
    willow, harbor = town.desk("willow"), town.desk("harbor")
    client = willow.client(MARIA)

    assert harbor.get(f"/clients/{client}").status == 404
    assert harbor.post(f"/clients/{client}/pin-codes").status == 404
    assert harbor.delete(f"/clients/{client}/portal-access").status == 404
    assert willow.get(f"/clients/{client}").status == 200


def test_a_number_and_words_that_the_practice_changes_are_on_the_pages_at_once(town: Town) -> None:
    desk = Desk(town.url, "harbor", town.portal.authorization("harbor", "admin"))
    try:
        desk.send("PATCH", "", b'{"phone": "(206) 555-0199"}', {"Content-Type": "application/json"})
        assert "(206) 555-0199" in town.browser().get("/harbor/help").page.links
    finally:
        desk.send("PATCH", "", b'{"phone": "(206) 555-0187"}', {"Content-Type": "application/json"})
    assert "(206) 555-0187" in town.browser().get("/harbor/help").page.links
