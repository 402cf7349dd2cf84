"""Clinicians who do things at the same moment, and clients who sign in meanwhile."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from latchkey import tokens
from latchkey.api import access, clients, contacts
from latchkey.api.bodies import AddressBody, AddressChange, Invitation, InvitationTextBody, NewClient, NewContact
from latchkey.api.context import RequestContext
from latchkey.rules.members import Clinician, Role
from latchkey.rules.refusals import AlreadySignedIn, EmailInUse, Refusal, Unavailable
from latchkey.store import accounts
from latchkey.web.requests import parse_event
from tests.api.scene import HOST, Clock, Desk, Portal, Stage
from tests.kit.seed import WILLOW
from tests.store.flows import at_once


def act(subject: str = "dr-willow") -> RequestContext:
    """A clinician's request, checked already: Powertools answers one at a time, as Lambda does, and these are many."""
    event = {
        "routeKey": "POST /",
        "requestContext": {
            "http": {"method": "POST"},
            "timeEpoch": Clock.now * 1000,
            "domainName": HOST,
            "requestId": tokens.new_ulid(Clock.now * 1000),
        },
        "pathParameters": {"practice": "willow"},
    }
    request = replace(parse_event(event), practice=WILLOW, origin=f"https://{HOST}")
    return RequestContext(request, Clinician(subject, Role.CLINICIAN))


def retried(step: Callable[[], object]) -> Callable[[], object]:
    """Whoever is told to try again in a moment does."""

    def until_told() -> object:
        while True:
            try:
                return step()
            except Unavailable:
                continue

    return until_told


def test_two_clients_are_given_one_address_and_one_of_them_gets_it(desk: Desk) -> None:
    for turn in range(10):
        both = [desk.add(f"Kim {n}", f"kim{n}-{turn}@example.com", invite={}) for n in range(2)]
        Clock.advance(61)
        change = AddressChange(email=f"home{turn}@example.com", email_ok=True, disable_and_resend=True)
        outcomes = at_once(*(retried(partial(access.put_email, client, change, act())) for client in both))
        assert sorted(type(one).__name__ for one in outcomes) == ["AccessDocument", "EmailInUse"]
        assert sorted(desk.access(client)["email"] == change.email for client in both) == [False, True]
        # whoever did not get it signs in as before
        assert {desk.access(client)["status"] for client in both} == {"invited"}


def test_eight_new_clients_with_one_address_are_one(desk: Desk, stage: Stage) -> None:
    told = NewClient(
        name="Kim Lee", emails=[AddressBody(address="kim@example.com", email_ok=True)], invite=InvitationTextBody()
    )
    outcomes = at_once(*[retried(partial(clients.post_client, told, act()))] * 8)
    assert Counter(isinstance(one, EmailInUse) for one in outcomes) == {True: 7, False: 1}
    assert len(desk.ask("GET", "/clients").document["clients"]) == 1
    assert len(stage.promises()) == 1


def test_a_guardian_is_granted_eight_children_at_once_and_gets_all(desk: Desk) -> None:
    children = [desk.add(f"Child {n}", kind="minor") for n in range(8)]
    told = NewContact(name="Maria", email="maria@example.com", email_ok=False)
    steps = [retried(partial(contacts.post_contact, child, told, act())) for child in children]
    assert not [one for one in at_once(*steps) if isinstance(one, Refusal)]
    account = accounts.find(accounts.key_of("willow", "maria@example.com"))
    assert account
    assert {profile.id for profile in account.profiles} == set(children)


def test_a_sign_in_during_a_disable_is_over_when_both_are_done(desk: Desk, stage: Stage) -> None:
    """Whichever comes first, nobody is signed in afterwards."""
    for turn in range(5):
        client = desk.add("Kim Lee", f"kim{turn}@example.com", invite={})
        (letter,) = stage.deliver()
        portal = Portal(stage)
        at_once(
            partial(portal.open_letter, letter),
            partial(access.delete_access, client, act()),
        )
        assert portal.session().status == 401
        assert desk.access(client)["status"] == "disabled"


def test_an_invitation_during_the_first_sign_in_is_sent_before_it_or_refused_after_it(desk: Desk, stage: Stage) -> None:
    for turn in range(5):
        client = desk.add("Kim Lee", f"kim{turn}@example.com", invite={})
        (letter,) = stage.deliver()
        portal = Portal(stage)
        _, invited = at_once(
            partial(portal.open_letter, letter),
            retried(partial(access.post_invitation, client, Invitation(), act())),
        )
        assert not isinstance(invited, Refusal) or isinstance(invited, AlreadySignedIn)
        assert portal.session().status == 200
        assert desk.access(client)["status"] == "active"
        stage.promises()


def test_thirty_a_minute_are_thirty_however_many_come_at_once(desk: Desk, stage: Stage) -> None:
    client = desk.add("Kim Lee", "kim@example.com")
    steps = [retried(partial(access.post_invitation, client, Invitation(), act("dr-busy")))] * 8
    outcomes = [one for _ in range(5) for one in at_once(*steps)]
    assert Counter(isinstance(one, Refusal) for one in outcomes)[False] == 30
    assert len(stage.promises()) == 30
