"""Tests of letters that SES refuses for a while or for ever."""

import json

import pytest

from tests.functions.send_mail.sent_letters import copies, noted
from tests.kit import sam_template
from tests.kit.browser import Browser
from tests.kit.clock import HOUR, MINUTE, NOON
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of, key_of


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_a_letter_that_ses_will_never_take_is_final_and_shown(portal: Portal, ana: bytes, code: str) -> None:
    portal.aws.refuse("SendEmail", code)

    assert portal.work(body_of(a_job(ana, NOON))) == []

    assert copies(portal) == []
    assert portal.audit() == [("link_failed", code)]
    assert noted(portal, ana)["email_status"] == "rejected"


def test_what_ses_has_not_verified_is_reported_in_words_that_lead_on(portal: Portal, ana: bytes) -> None:
    """A new SES account is in the sandbox, where the recipient has to be verified too."""
    words = "Email address is not verified. The following identities failed the check in region US-EAST-1:"
    portal.aws.refuse("SendEmail", "MessageRejected", message=words)

    assert portal.work(body_of(a_job(ana, NOON))) == []

    assert portal.audit() == [("link_failed", "NotVerified")]
    (line,) = [json.loads(line) for line in portal.log.getvalue().splitlines() if '"rejected"' in line]
    assert "sandbox" in line["reason"]
    page, _, heading = line["reason"].rpartition(" ")[2].partition("#")
    assert f"\n### {heading.replace('-', ' ').capitalize()}\n" in (sam_template.PROJECT / page).read_text()
    assert "ana@" not in portal.log.getvalue()


@pytest.mark.parametrize(
    ("code", "max_length"),
    [
        ("TooManyRequestsException", 10),
        ("ThrottlingException", 10),
        ("InternalFailure", 10),
        ("LimitExceededException", 600),
        ("SendingPausedException", 600),
        ("AccountSuspendedException", 600),
        ("MailFromDomainNotVerifiedException", 600),
        ("NotFoundException", 600),
    ],
)
def test_a_letter_that_ses_does_not_take_now_is_retried_later_with_the_same_link(
    portal: Portal, browser: Browser, ana: bytes, code: str, max_length: int
) -> None:
    """A delayed copy replaces the message, so that waiting does not use up the message's receives."""
    job = body_of(a_job(ana, NOON))
    portal.aws.refuse("SendEmail", code)

    assert portal.work(job) == []

    (copy,) = copies(portal)
    assert json.loads(copy["MessageBody"]) | json.loads(job) == json.loads(copy["MessageBody"])
    assert max_length / 2 <= copy["DelaySeconds"] <= max_length
    assert noted(portal, ana)["email_status"] == "delayed"
    portal.work(copy["MessageBody"])
    assert portal.letters[0].path == portal.letters[1].path
    assert browser.post(portal.letters[1].path).location == "/willow/home"
    assert noted(portal, ana)["email_status"] == "sent"


def test_after_an_outage_of_an_hour_everyone_has_the_letter_of_their_newest_request(portal: Portal) -> None:
    portal.aws.refuse("SendEmail", "TooManyRequestsException", times=100)
    for minute in (0, 1, 2):
        portal.now = NOON + minute * MINUTE
        for number, address in enumerate(("ana@example.com", "lee@example.com")):
            assert portal.browser(f"198.51.100.{number}").request_link(address).status == 303
        assert portal.work(*portal.waiting()[-2:]) == []
    bodies = [copy["MessageBody"] for copy in copies(portal)]
    portal.aws.calls.clear()
    portal.aws.refuse("SendEmail", "", times=0)

    portal.now = NOON + HOUR
    assert portal.work(*reversed(dict.fromkeys(bodies))) == []

    newest = {letter.to[0]: letter for letter in portal.letters}
    assert newest.keys() == {"ana@example.com", "lee@example.com"}
    for letter in newest.values():
        assert portal.browser().post(letter.path).location == "/willow/home"


def test_when_a_letter_can_be_neither_sent_nor_put_back_its_message_is_redelivered(portal: Portal, ana: bytes) -> None:
    portal.aws.refuse("SendEmail", "TooManyRequestsException")
    portal.aws.refuse("SendMessage", "ServiceUnavailable")

    assert portal.work(body_of(a_job(ana, NOON))) == [0]


def test_one_letter_that_fails_does_not_hold_up_the_nine_others(portal: Portal, ana: bytes) -> None:
    people = ["ana@example.com", "lee@example.com", "luis@example.com", "maria.gomez@gmail.com", "sam@example.com"]
    jobs = [body_of(a_job(key_of(portal, "willow", address), NOON + n)) for n in (0, 1) for address in people]
    portal.aws.refuse("SendEmail", "MessageRejected")

    assert portal.work(*jobs) == []

    assert len(portal.letters) == 10
    kinds = [kind for kind, _ in portal.audit()]
    assert (kinds.count("link_failed"), kinds.count("link_sent")) == (1, 9)
    assert ana
