"""Tests of the mail worker. It stores the link before it sends the letter, and records the result of each mail job."""

import json
from typing import Any

import pytest

from latchkey import tokens
from latchkey.mail import ses
from latchkey.mail.letters import Letter
from latchkey.rules.accounts import AccountStatus
from latchkey.rules.events import Event
from latchkey.rules.mail import MAIL_KINDS
from latchkey.rules.practices import Practice
from latchkey.store import events, practices
from tests.kit import sam_template
from tests.kit.browser import Browser
from tests.kit.clock import NOON
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of, change, key_of

MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.fixture
def ana(portal: Portal) -> bytes:
    """Return the key of Ana's account."""
    return key_of(portal, "willow", "ana@example.com")


def noted(portal: Portal, account: bytes) -> dict[str, Any]:
    """Return the fields of the newest mail that the clinician sees."""
    (item,) = [item for item in portal.at_rest()["Accounts"] if item["key"]["S"] == tokens.base64url_encode(account)]
    return {
        name: next(iter(item[name].values()))
        for name in ("email_status", "email_status_at", "message_id")
        if name in item
    }


def tags_of(account: bytes) -> dict[str, list[str]]:
    """Return the tags of SES reports about a letter to this account."""
    return {"practice": ["willow"], "account": [tokens.base64url_encode(account)]}


# ── the letter ──


def test_a_letter_goes_to_the_address_on_file_and_to_nobody_else(portal: Portal, ana: bytes) -> None:
    assert portal.work(body_of(a_job(ana, NOON))) == []

    (letter,) = portal.letters
    assert letter.arguments["Destination"] == {"ToAddresses": ["ana@example.com"]}
    assert letter.arguments["FromEmailAddress"] == "Willow Family Therapy <yourprovider@mail.example.com>"
    assert letter.arguments["ReplyToAddresses"] == ["desk@willow.example"]
    assert letter.arguments["Content"]["Simple"]["Subject"]["Data"] == "Sign in to your Client Portal"


def test_a_letter_holds_one_link_and_both_parts_hold_the_same(portal: Portal, ana: bytes) -> None:
    """B25"""
    portal.work(body_of(a_job(ana, NOON)))

    (letter,) = portal.letters
    html = letter.arguments["Content"]["Simple"]["Body"]["Html"]["Data"]
    assert f"https://portal.example.com{letter.path}" in html
    assert letter.path.startswith("/willow/link/")


def test_nothing_in_a_letter_is_tracked(portal: Portal, ana: bytes) -> None:
    portal.work(body_of(a_job(ana, NOON)))

    (letter,) = portal.letters
    assert letter.arguments["ConfigurationOverrides"] == {
        "Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
    }
    assert "ses:no-track" in letter.arguments["Content"]["Simple"]["Body"]["Html"]["Data"]
    assert letter.arguments["ConfigurationSetName"] == "ConfigurationSet"


def test_a_letter_says_that_a_machine_wrote_it_and_is_unlike_the_last_one(portal: Portal, ana: bytes) -> None:
    portal.work(body_of(a_job(ana, NOON)), body_of(a_job(ana, NOON + 1)))

    headers = [letter.headers for letter in portal.letters]
    assert {header["Auto-Submitted"] for header in headers} == {"auto-generated"}
    assert {header["X-Auto-Response-Suppress"] for header in headers} == {"All"}
    assert len({header["X-Entity-Ref-ID"] for header in headers}) == 2


def test_what_ses_reports_about_a_letter_will_name_practice_and_account(portal: Portal, ana: bytes) -> None:
    """B66"""
    portal.work(body_of(a_job(ana, NOON)))

    tags = {tag["Name"]: tag["Value"] for tag in portal.letters[0].arguments["EmailTags"]}
    assert tags["practice"] == "willow"
    assert tags["account"] == tokens.base64url_encode(ana)


def test_a_letter_is_in_the_language_of_its_reader(portal: Portal) -> None:
    """B123, B127"""
    portal.work(body_of(a_job(key_of(portal, "willow", "luis@example.com"), NOON)))

    (letter,) = portal.letters
    assert letter.headers["Content-Language"] == "es"
    assert "24 horas" in letter.text


def test_names_with_line_breaks_add_no_header(portal: Portal, ana: bytes) -> None:
    practices.save(Practice(slug="willow", name="Willow\r\nBcc: eve@evil.example", reply_to=None))

    portal.work(body_of(a_job(ana, NOON)))

    (letter,) = portal.letters
    assert letter.to == ["ana@example.com"]
    assert "\n" not in letter.arguments["FromEmailAddress"]
    assert letter.arguments["ReplyToAddresses"] == []


def test_the_link_in_a_letter_leads_to_where_it_was_requested(portal: Portal, browser: Browser) -> None:
    browser.request_link("ana@example.com")
    portal.deliver()

    assert "https://portal.example.com/willow/link/" in portal.letters[0].text


# ── stored state and audit ──


def test_a_letter_that_was_sent_is_written_down_for_the_clinician(portal: Portal, ana: bytes) -> None:
    """B66"""
    portal.now += 5
    portal.work(body_of(a_job(ana, NOON)))

    seen = noted(portal, ana)
    assert seen.pop("message_id")
    assert seen == {"email_status": "sent", "email_status_at": str(NOON + 5)}
    (row,) = portal.at_rest()["Events"]
    assert (row["kind"]["S"], row["actor"]["S"]) == ("link_sent", "system")


def test_a_delivery_that_is_reported_at_once_is_seen(
    portal: Portal, ana: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B66: SES can report a delivery before the worker has finished."""
    hand_over, write, used = ses.send, events.append, []

    def send(letter: Letter, tags: dict[str, str]) -> str:
        used.append(hand_over(letter, tags))
        return used[-1]

    def add(event: Event) -> None:
        mail = {"messageId": used[-1], "tags": tags_of(ana)}
        portal.handle_event("MailEvents", {"detail": {"eventType": "Delivery", "mail": mail}})
        write(event)

    monkeypatch.setattr(ses, "send", send)
    monkeypatch.setattr(events, "append", add)
    portal.work(body_of(a_job(ana, NOON)))

    assert noted(portal, ana)["email_status"] == "delivered"
    assert portal.audit() == [("link_sent", None)]


def test_a_letter_without_its_audit_row_is_audited_when_its_mail_job_is_redelivered(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    portal.aws.refuse("PutItem", "InternalServerError")
    portal.work(body_of(a_job(ana, NOON)))
    assert portal.audit() == []

    (copy,) = copies(portal)
    assert portal.work(copy["MessageBody"]) == []

    assert portal.audit() == [("link_sent", None)]
    first, second = portal.letters
    assert first.path == second.path
    assert browser.post(second.path).location == "/willow/home"


def test_the_link_is_stored_before_the_letter_is_sent(portal: Portal, ana: bytes) -> None:
    portal.work(body_of(a_job(ana, NOON)))

    operations = portal.aws.operations()
    stored = next(
        number
        for number, (operation, fields) in enumerate(portal.aws.calls)
        if operation == "UpdateItem" and fields["TableName"] == "Links"
    )
    assert stored < operations.index("SendEmail")


def test_when_the_link_cannot_be_stored_no_letter_is_sent(portal: Portal, browser: Browser, ana: bytes) -> None:
    portal.aws.refuse("UpdateItem", "InternalServerError")
    job = body_of(a_job(ana, NOON))

    assert portal.work(job) == []
    assert portal.letters == []

    (copy,) = copies(portal)
    assert portal.work(copy["MessageBody"]) == []
    assert browser.post(portal.letters[0].path).location == "/willow/home"


def test_a_letters_link_lives_a_day_from_when_it_was_made(portal: Portal, browser: Browser, ana: bytes) -> None:
    portal.now += 3 * HOUR
    portal.work(body_of(a_job(ana, NOON)))

    portal.now += DAY - 1
    assert browser.get(portal.letters[0].path).status == 200
    portal.now += 1
    assert browser.get(portal.letters[0].path).status == 410


def test_a_message_that_comes_twice_sends_the_same_link_twice(portal: Portal, browser: Browser, ana: bytes) -> None:
    job = body_of(a_job(ana, NOON))

    assert portal.work(job, job) == []

    first, second = portal.letters
    assert first.path == second.path
    assert browser.post(first.path).location == "/willow/home"


def test_a_message_that_is_redelivered_after_its_link_was_used_sends_nothing(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    job = body_of(a_job(ana, NOON))
    portal.work(job)
    browser.post(portal.letters[0].path)

    assert portal.work(job) == []

    assert len(portal.letters) == 1
    assert ("link_suppressed", "superseded") in portal.audit()
    assert portal.browser().post(portal.letters[0].path).status == 410


def test_the_newer_of_two_links_is_valid_in_either_order_of_delivery(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    """B35"""
    older, newer = body_of(a_job(ana, NOON)), body_of(a_job(ana, NOON + 60))

    assert portal.work(newer, older) == []

    (letter,) = portal.letters
    assert portal.audit() == [("link_sent", None), ("link_suppressed", "superseded")]
    assert browser.post(letter.path).location == "/willow/home"


def test_a_link_made_before_a_key_rotation_is_mailed_anew_as_it_was(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    job = body_of(a_job(ana, NOON))
    portal.work(job)
    portal.rotate("LinkKey")

    portal.work(job)
    portal.work(body_of(a_job(key_of(portal, "willow", "lee@example.com"), NOON)))

    assert portal.letters[0].path == portal.letters[1].path
    assert browser.post(portal.letters[1].path).location == "/willow/home"
    assert portal.browser().post(portal.letters[2].path).location == "/willow/home"


@pytest.mark.parametrize(
    ("address", "changes", "reason", "status"),
    [
        ("jo@example.com", {}, "no_consent", "suppressed"),
        ("ana@example.com", {"suppressed": True}, "suppressed", "suppressed"),
        ("robin@example.com", {}, "no_access", None),
        ("ana@example.com", {"status": AccountStatus.DISABLED, "epoch": 2}, "no_access", None),
        ("ana@example.com", {"epoch": 2}, "no_access", None),
    ],
)
def test_a_skipped_mail_job_sends_nothing_and_is_audited(
    portal: Portal, address: str, changes: dict[str, Any], reason: str, status: str | None
) -> None:
    """B49, B58, B65"""
    account = key_of(portal, "willow", address)
    if changes:
        change(portal, "willow", address, **changes)

    assert portal.work(body_of(a_job(account, NOON))) == []

    assert portal.letters == []
    assert portal.at_rest()["Links"] == []
    assert portal.audit() == [("link_suppressed", reason)]
    assert noted(portal, account).get("email_status") == status


def test_a_mail_job_of_an_unknown_account_sends_nothing(portal: Portal) -> None:
    before = portal.at_rest()["Accounts"]

    assert portal.work(body_of(a_job(tokens.random_id(), NOON))) == []

    assert portal.letters == []
    assert portal.at_rest()["Accounts"] == before
    assert portal.audit() == [("link_suppressed", "no_access")]


def test_a_mail_job_is_skipped_if_consent_was_withdrawn_after_it_was_queued(portal: Portal, browser: Browser) -> None:
    """B49"""
    browser.request_link("ana@example.com")
    change(portal, "willow", "ana@example.com", email_ok=False)

    assert portal.deliver() == 0


def test_a_letter_is_sent_up_to_six_hours_late(portal: Portal, ana: bytes) -> None:
    portal.now = NOON + 6 * HOUR - 1
    portal.work(body_of(a_job(ana, NOON)))
    assert len(portal.letters) == 1

    portal.now = NOON + 6 * HOUR
    lee = key_of(portal, "willow", "lee@example.com")
    assert portal.work(body_of(a_job(lee, NOON))) == []
    assert len(portal.letters) == 1
    assert ("link_suppressed", "late") in portal.audit()
    assert noted(portal, lee)["email_status"] == "rejected"


# ── outages of SES ──


def copies(portal: Portal) -> list[dict[str, Any]]:
    """Return the copies of the mail job that were queued for later."""
    return [arguments for operation, arguments in portal.aws.calls if operation == "SendMessage"]


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


@pytest.mark.parametrize(
    "poison",
    [
        "not json",
        "",
        "null",
        "[]",
        "7",
        "{}",
        '{"practice": "willow"}',
        json.dumps({"practice": "willow", "account": "AAAA=", "request": "x", "epoch": 1, "kind": "sign_in"}),
    ],
)
def test_only_the_message_that_is_no_mail_job_is_redelivered(portal: Portal, ana: bytes, poison: str) -> None:
    lee = key_of(portal, "willow", "lee@example.com")

    assert portal.work(body_of(a_job(ana, NOON)), poison, body_of(a_job(lee, NOON))) == [1]

    assert [letter.to for letter in portal.letters] == [["ana@example.com"], ["lee@example.com"]]


@pytest.mark.parametrize(
    "change_",
    [
        {"kind": "pin"},
        {"kind": None},
        {"account": ""},
        {"account": 7},
        {"request": "="},
        {"epoch": "x"},
        {"asked_at": None},
    ],
    ids=str,
)
def test_a_mail_job_with_a_wrong_field_is_invalid(portal: Portal, ana: bytes, change_: dict[str, Any]) -> None:
    assert portal.work(json.dumps(json.loads(body_of(a_job(ana, NOON))) | change_)) == [0]
    assert portal.letters == []


def test_nothing_that_a_foreign_exception_says_is_written_down(portal: Portal, ana: bytes) -> None:
    portal.aws.raise_at("UpdateItem", ValueError("for canary@example.com"))

    assert portal.work("canary", body_of(a_job(ana, NOON))) == [0, 1]
    assert "canary" not in portal.log.getvalue()


def test_a_mail_job_of_a_newer_version_is_sent(portal: Portal, ana: bytes) -> None:
    assert portal.work(json.dumps(json.loads(body_of(a_job(ana, NOON))) | {"tomorrow": {"a": 1}})) == []

    assert len(portal.letters) == 1


NEWER = "pin_ended"
"""A kind of mail job that only a later version knows."""


def test_a_mail_job_of_an_unknown_kind_is_redelivered(portal: Portal, ana: bytes) -> None:
    """Any letter of this version would be wrong. The later version sends it, or the dead-letter queue's alarm tells."""
    before = portal.at_rest()
    body = json.dumps(json.loads(body_of(a_job(ana, NOON))) | {"kind": NEWER})

    assert portal.work(body, body_of(a_job(ana, NOON))) == [0]
    assert len(portal.letters) == 1
    assert portal.work(body) == [0]
    assert [row for row in portal.at_rest()["Events"] if row not in before["Events"] and NEWER in str(row)] == []


def test_a_kind_that_someone_adds_without_a_letter_sends_no_other_one(
    portal: Portal, ana: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latchkey.mail.queue.MAIL_KINDS", (*MAIL_KINDS, NEWER))
    body = json.dumps(json.loads(body_of(a_job(ana, NOON))) | {"kind": NEWER})

    assert portal.work(body) == [0]
    assert portal.letters == []


def test_a_mail_job_of_a_missing_practice_is_redelivered(portal: Portal, ana: bytes) -> None:
    portal.tables.delete_item(TableName="Practices", Key={"slug": {"S": "willow"}})

    assert portal.work(body_of(a_job(ana, NOON))) == [0]
    assert portal.letters == []


def test_the_worker_reads_the_machines_clock_where_nobody_tells_it_the_time(portal: Portal, ana: bytes) -> None:
    """SQS events do not contain the present time. By the machine's clock, NOON was long ago."""
    record = {"messageId": "0", "body": body_of(a_job(ana, NOON))}

    assert portal.invoke("SendMail", {"Records": [record]}, tell_time=False) == {"batchItemFailures": []}

    assert portal.audit() == [("link_suppressed", "late")]
