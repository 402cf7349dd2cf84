"""Tests of clinicians who act at the same moment, and of clients who sign in meanwhile."""

from collections import Counter
from collections.abc import Callable
from functools import partial

from latchkey import tokens
from latchkey.rules.addresses import canonical
from latchkey.rules.members import Clinician, Role
from latchkey.rules.refusals import AlreadySignedIn, EmailInUse, Refusal, Unavailable
from latchkey.rules.times import millis
from latchkey.store import accounts
from latchkey.usecases import access, clients, contacts
from latchkey.usecases.clients import AddressEntry, ClientDetails
from latchkey.usecases.contacts import ContactDetails
from latchkey.usecases.context import RequestContext
from latchkey.usecases.outbox import InvitationRequest
from tests.api.cloud import MinistackCloud, link_in
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock
from tests.kit.gateway_events import HOST
from tests.kit.seed import WILLOW
from tests.store.flows import at_once


def context(clock: Clock, subject: str = "dr-willow") -> RequestContext:
    """Return a request context of its own, because the handler can answer only one request at a time."""
    now_ms = millis(clock.now)
    clinician = Clinician(subject, Role.CLINICIAN)
    return RequestContext(clinician, "willow", now_ms, tokens.new_ulid(now_ms), f"https://{HOST}", WILLOW)


def retried(step: Callable[[], object]) -> Callable[[], object]:
    """Return a function that repeats the step while it raises `Unavailable`."""

    def until_done() -> object:
        while True:
            try:
                return step()
            except Unavailable:
                continue

    return until_done


def test_two_clients_are_given_one_address_and_one_of_them_gets_it(clinician: ClinicianApi, clock: Clock) -> None:
    for turn in range(10):
        both = [clinician.add_client(f"Kim {n}", f"kim{n}-{turn}@example.com", invite={}) for n in range(2)]
        clock.advance(61)
        address = f"home{turn}@example.com"
        change = partial(access.change_address, address=address, email_ok=True, disable_and_resend=True)
        outcomes = at_once(*(retried(partial(change, context(clock), client)) for client in both))
        assert sorted(type(one).__name__ for one in outcomes) == ["ClientAccess", "EmailInUse"]
        assert sorted(clinician.access(client)["email"] == address for client in both) == [False, True]
        # the other client signs in with the old address
        assert {clinician.access(client)["status"] for client in both} == {"invited"}


def test_eight_new_clients_with_one_address_are_one(
    clinician: ClinicianApi, cloud: MinistackCloud, clock: Clock
) -> None:
    details = ClientDetails(name="Kim Lee", emails=(AddressEntry("kim@example.com", email_ok=True),))
    outcomes = at_once(*[retried(partial(clients.add_client, context(clock), details, InvitationRequest()))] * 8)
    assert Counter(isinstance(one, EmailInUse) for one in outcomes) == {True: 7, False: 1}
    assert len(clinician.request("GET", "/clients").document["clients"]) == 1
    assert len(cloud.take_jobs()) == 1


def test_a_guardian_is_granted_eight_children_at_once_and_gets_all(clinician: ClinicianApi, clock: Clock) -> None:
    children = [clinician.add_client(f"Child {n}", kind="minor") for n in range(8)]
    details = ContactDetails(name="Maria", address="maria@example.com", email_ok=False)
    steps = [retried(partial(contacts.add_contact, context(clock), child, details)) for child in children]
    assert not [one for one in at_once(*steps) if isinstance(one, Refusal)]
    account = accounts.find(accounts.key_of("willow", canonical("maria@example.com")))
    assert account
    assert {profile.id for profile in account.profiles} == set(children)


def test_a_sign_in_during_a_disable_is_over_when_both_are_done(
    clinician: ClinicianApi, cloud: MinistackCloud, clock: Clock
) -> None:
    """In either order, no browser is signed in afterwards."""
    for turn in range(5):
        client = clinician.add_client("Kim Lee", f"kim{turn}@example.com", invite={})
        (letter,) = cloud.deliver()
        browser = cloud.browser()
        at_once(
            partial(browser.post, link_in(letter)),
            partial(access.disable_access, context(clock), client),
        )
        assert browser.get("/willow/session").status == 401
        assert clinician.access(client)["status"] == "disabled"


def test_an_invitation_during_the_first_sign_in_is_sent_before_it_or_refused_after_it(
    clinician: ClinicianApi, cloud: MinistackCloud, clock: Clock
) -> None:
    for turn in range(5):
        client = clinician.add_client("Kim Lee", f"kim{turn}@example.com", invite={})
        (letter,) = cloud.deliver()
        browser = cloud.browser()
        _, invited = at_once(
            partial(browser.post, link_in(letter)),
            retried(partial(access.invite, context(clock), client, InvitationRequest())),
        )
        assert not isinstance(invited, Refusal) or isinstance(invited, AlreadySignedIn)
        assert browser.get("/willow/session").status == 200
        assert clinician.access(client)["status"] == "active"
        cloud.take_jobs()


def test_of_40_parallel_invitations_30_are_accepted(
    clinician: ClinicianApi, cloud: MinistackCloud, clock: Clock
) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com")
    steps = [retried(partial(access.invite, context(clock, "dr-busy"), client, InvitationRequest()))] * 8
    outcomes = [one for _ in range(5) for one in at_once(*steps)]
    assert Counter(isinstance(one, Refusal) for one in outcomes)[False] == 30
    assert len(cloud.take_jobs()) == 30
