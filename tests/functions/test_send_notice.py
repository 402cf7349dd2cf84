"""The worker of other services' notices (B215 to B217)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from latchkey.rules.accounts import Account, AccountStatus
from latchkey.rules.notices import REFUSAL_CODES
from latchkey.store import accounts
from latchkey.store.notices import KEEP_SECONDS
from tests.kit.cloud import boto3_client
from tests.kit.portal import Portal
from tests.kit.seed import key_of

DAY = 86_400
ANA, LUIS, JO = "ana@example.com", "luis@example.com", "jo@example.com"


def account(portal: Portal, address: str, practice: str = "willow") -> Account:
    """Return the account of this address."""
    found = accounts.find_without_sessions(key_of(portal, practice, address))
    assert found
    return found


def notice(portal: Portal, address: str = ANA, **changes: Any) -> str:
    """Return the message by which a service asks for a notice."""
    fields = {
        "practice": "willow",
        "account": account(portal, address).id,
        "id": "booking:1",
        "path": "/booking/willow/requests/1",
        "subject_en": "Your request was answered",
        "subject_es": "Respondimos a su solicitud",
        "lines_en": ["Tuesday at 3 & 4 PM is < an hour.", "See you soon."],
        "lines_es": ["El martes a las 3.", "Hasta pronto."],
    }
    return json.dumps({name: value for name, value in (fields | changes).items() if value is not ...})


def work(portal: Portal, *bodies: str) -> None:
    """Let the worker process a batch. No message goes back to the queue by itself."""
    records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
    assert portal.invoke("SendNotice", {"Records": records}) == {"batchItemFailures": []}


def results(portal: Portal) -> list[tuple[str, str | None]]:
    """Return outcome and reason of each message, as the log has them."""
    lines = map(json.loads, portal.log.getvalue().splitlines())
    return [(line["outcome"], line.get("reason")) for line in lines if line["message"] == "worked"]


def waiting(portal: Portal) -> list[dict[str, Any]]:
    """Return the messages that the worker queued again."""
    url = portal._names["NoticeQueue"]  # noqa: SLF001 - the queue of this test alone
    attributes = boto3_client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
    return [{} for name in names for _ in range(int(attributes[name]))]


def test_a_notice_has_the_services_words_and_the_practices_face(portal: Portal) -> None:
    """B215"""
    work(portal, notice(portal))

    (letter,) = portal.letters
    content = letter.arguments["Content"]["Simple"]
    assert letter.to == [ANA]
    assert letter.arguments["FromEmailAddress"] == "Willow Family Therapy <yourprovider@mail.example.com>"
    assert letter.arguments["ReplyToAddresses"] == ["desk@willow.example"]
    assert content["Subject"]["Data"] == "Your request was answered"
    assert "Tuesday at 3 & 4 PM is < an hour.\n\nSee you soon." in letter.text
    assert "https://portal.example.com/booking/willow/requests/1\n" in letter.text
    html = content["Body"]["Html"]["Data"]
    assert "Tuesday at 3 &amp; 4 PM is &lt; an hour." in html
    assert html.count('href="') == html.count('href="https://portal.example.com/booking/willow/requests/1"') == 1
    assert portal.audit() == [("notice_sent", None)]


def test_the_words_are_those_of_the_persons_language(portal: Portal) -> None:
    work(portal, notice(portal, LUIS))

    (letter,) = portal.letters
    assert letter.arguments["Content"]["Simple"]["Subject"]["Data"] == "Respondimos a su solicitud"
    assert letter.headers["Content-Language"] == "es"
    assert "El martes a las 3." in letter.text
    assert "Portal de clientes" in letter.text
    assert "Client Portal" not in letter.text


def test_an_id_is_sent_once(portal: Portal) -> None:
    """B217"""
    body = notice(portal)
    work(portal, body, body)
    portal.now += KEEP_SECONDS - 1
    work(portal, body)
    assert len(portal.letters) == 1
    assert results(portal) == [("sent", None), ("passed_over", None), ("passed_over", None)]
    portal.now += 1
    work(portal, body)
    assert len(portal.letters) == 2


def test_an_id_names_one_notice_of_a_practice(portal: Portal) -> None:
    work(portal, notice(portal), notice(portal, lines_en=["Other."]), notice(portal, LUIS))
    assert results(portal) == [("sent", None), ("refused", "id_reused"), ("refused", "id_reused")]
    harbors = account(portal, ANA, "harbor").id
    work(portal, notice(portal, practice="harbor", account=harbors, path="/harbor/home"))
    assert len(portal.letters) == 2


def test_an_account_gets_twenty_notices_a_day(portal: Portal) -> None:
    """B217"""
    work(portal, *(notice(portal, id=f"n{number}") for number in range(21)), notice(portal, LUIS, id="luis"))
    assert [to for letter in portal.letters for to in letter.to] == [ANA] * 20 + [LUIS]
    assert results(portal)[20] == ("refused", "too_many")
    portal.now += DAY - 1
    work(portal, notice(portal, id="n20"))
    portal.now += 1
    work(portal, notice(portal, id="n20"))
    assert len(portal.letters) == 22


@pytest.mark.parametrize(
    ("address", "changes", "reason"),
    [
        (JO, {}, "no_consent"),
        ("robin@example.com", {}, "no_access"),
        (ANA, {"suppressed": True}, "suppressed"),
        (ANA, {"status": AccountStatus.DISABLED}, "no_access"),
    ],
)
def test_who_gets_no_mail_gets_no_notice(portal: Portal, address: str, changes: dict[str, Any], reason: str) -> None:
    accounts.save(replace(account(portal, address), **changes))
    body = notice(portal, address)
    work(portal, body)

    assert portal.letters == []
    assert results(portal) == [("suppressed", reason)]
    assert portal.audit() == [("link_suppressed", reason)]
    # Nothing was sent, so the same id can be sent later, and nothing was counted.
    accounts.save(replace(account(portal, address), suppressed=False, email_ok=True, status=AccountStatus.ACTIVE))
    work(portal, body)
    assert len(portal.letters) == 1


def test_a_refused_message_is_logged_counted_and_holds_back_no_other(portal: Portal) -> None:
    """B216"""
    gone = account(portal, ANA)
    accounts.save(replace(gone, address=""))
    refused = {
        "not_a_notice": "{}",
        "too_long": notice(portal, LUIS, subject_en="x" * 151),
        "not_plain_text": notice(portal, LUIS, subject_en="Hello\r\nBcc: x@example.com"),
        "path_refused": notice(portal, LUIS, path="//evil.example/"),
        "practice_unknown": notice(portal, LUIS, practice="nobody", path="/nobody/home"),
        "account_unknown": notice(portal, LUIS, account="01KJACC0000000000000000000"),
    }
    unknown = [
        notice(portal, LUIS, account=gone.id),
        notice(portal, LUIS, account=account(portal, ANA, "harbor").id),
    ]
    work(portal, *refused.values(), *unknown, notice(portal, LUIS))

    assert results(portal) == [
        *(("refused", code) for code in refused),
        *[("refused", "account_unknown")] * 2,
        ("sent", None),
    ]
    assert {*refused, "id_reused", "too_many"} == set(REFUSAL_CODES)
    assert waiting(portal) == []
    assert "Bcc" not in portal.log.getvalue()
    counted = [json.loads(line) for line in portal.log.getvalue().splitlines()]
    assert sum(line.get("NoticeRefused", 0) for line in counted) == len(refused) + 2
    assert sum(line.get("NoticeSent", 0) for line in counted) == 1


def test_a_fault_of_ses_delays_the_notice_and_counts_nothing(portal: Portal) -> None:
    """B216"""
    portal.aws.refuse("SendEmail", "TooManyRequestsException", times=21)
    for _ in range(21):
        work(portal, notice(portal))
    assert {*results(portal)} == {("delayed", "TooManyRequestsException")}
    assert len(waiting(portal)) == 21
    work(portal, *(notice(portal, id=f"n{number}") for number in range(20)))
    assert results(portal)[21:] == [("sent", None)] * 20


@pytest.mark.parametrize("operation", ["Query", "GetItem", "PutItem", "UpdateItem", "GetSecretValue"])
def test_a_fault_of_a_table_delays_the_notice(portal: Portal, operation: str) -> None:
    """B216"""
    body = notice(portal)
    portal.start_cold()
    portal.aws.refuse(operation, "ThrottlingException")
    work(portal, body)
    assert results(portal)[0][0] == "delayed"
    assert len(waiting(portal)) == 1
    portal.now += 60
    work(portal, body, body)
    assert results(portal)[1:] == [("sent", None), ("passed_over", None)]


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "TransactWriteItems"])
def test_a_lost_response_sends_no_second_letter(portal: Portal, operation: str) -> None:
    body = notice(portal)
    portal.aws.repeat(operation)
    work(portal, body, body)
    assert len(portal.letters) == 1
    assert portal.audit() == [("notice_sent", None)]


def test_a_letter_that_ses_refuses_for_good_is_audited(portal: Portal) -> None:
    portal.aws.refuse("SendEmail", "MessageRejected")
    work(portal, notice(portal))
    assert results(portal) == [("rejected", "MessageRejected")]
    assert portal.audit() == [("link_failed", "MessageRejected")]


def test_a_notice_that_waited_for_six_hours_is_not_sent(portal: Portal) -> None:
    first = portal.now * 1000
    portal.now += 6 * 3600 - 1
    work(portal, notice(portal, id="a", requested_at_ms=first))
    portal.now += 1
    work(portal, notice(portal, id="b", requested_at_ms=first))
    assert results(portal) == [("sent", None), ("suppressed", "late")]


def test_a_bounce_of_a_notice_suppresses_the_address(portal: Portal) -> None:
    work(portal, notice(portal))

    (letter,) = portal.letters
    tags = {tag["Name"]: tag["Value"] for tag in letter.arguments["EmailTags"]}
    assert tags.keys() == {"practice", "account"}
    assert tags["practice"] == "willow"
