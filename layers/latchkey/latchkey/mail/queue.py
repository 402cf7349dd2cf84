"""The queue of mail jobs. A message holds no address and no link's secret."""

import json
from collections.abc import Mapping
from typing import Any

from latchkey import aws, settings
from latchkey.rules.accounts import AccountKey
from latchkey.rules.languages import language_of
from latchkey.rules.mail import LINK_MAILS, MAIL_KINDS, MailJob, SampleJob
from latchkey.rules.notices import ServiceNotice, to_body
from latchkey.rules.times import Millis
from latchkey.tokens import base64url_decode, base64url_encode

SAMPLE = "sample"
"""The kind of a message that asks for a sample of a letter."""


def send_job(job: MailJob | SampleJob, delay: int = 0) -> None:
    """Queue a mail job, to be received after `delay` seconds.

    :raises BotoCoreError: the queue does not answer.
    :raises ClientError: the queue answers with an error.
    """
    body = json.dumps(_sample_fields(job) if isinstance(job, SampleJob) else _fields(job))
    aws.queue_message(settings.load().mail_queue_url, body, delay)


def send_notice(notice: ServiceNotice, delay: int) -> None:
    """Queue a notice of another service again, to be received after `delay` seconds. Raises as `send_job` does."""
    aws.queue_message(settings.load().notice_queue_url, to_body(notice), delay)


def _fields(job: MailJob) -> dict[str, Any]:
    return {
        "practice": job.practice,
        "account": base64url_encode(job.account_key),
        "request": base64url_encode(job.job_id),
        "epoch": job.epoch,
        "kind": job.kind,
        "asked_at": job.requested_at_ms,
        "origin": job.origin,
        "subject": job.subject,
        "message": job.message,
        "items": job.items,
        "language": job.language,
        **({"to": job.to} if job.to else {}),
    }


def _sample_fields(job: SampleJob) -> dict[str, Any]:
    return {
        "practice": job.practice,
        "member": job.subject,
        "request": base64url_encode(job.job_id),
        "kind": SAMPLE,
        "letter": job.letter,
        "asked_at": job.requested_at_ms,
        "origin": job.origin,
        "language": job.language,
        "wording": job.wording,
    }


def parse_job(body: str) -> MailJob | SampleJob:
    """Return the mail job in a message. Fields that only a newer version knows are ignored.

    :raises ValueError: the message holds no mail job, or its kind is known only to a newer version. The message then
        goes back to the queue, for that version or for the dead-letter queue.
    """
    try:
        fields = json.loads(body)
        if fields["kind"] == SAMPLE:
            return _parse_sample(fields)
        account_key, job_id = base64url_decode(fields["account"]), base64url_decode(fields["request"])
        kind = fields["kind"]
        if not account_key or not job_id or kind not in MAIL_KINDS:
            raise ValueError("not a mail job")
        return MailJob(
            practice=str(fields["practice"]),
            account_key=AccountKey(account_key),
            job_id=job_id,
            epoch=int(fields["epoch"]),
            kind=kind,
            requested_at_ms=Millis(int(fields["asked_at"])),
            origin=str(fields["origin"]),
            subject=fields.get("subject"),
            message=fields.get("message"),
            items=tuple(fields.get("items", ())),
            language=language_of(fields.get("language")),
            to=fields.get("to"),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not a mail job") from error


def _parse_sample(fields: Mapping[str, Any]) -> SampleJob:
    job_id, language, letter = base64url_decode(fields["request"]), language_of(fields["language"]), fields["letter"]
    if not job_id or language is None or letter not in LINK_MAILS:
        raise ValueError("not a mail job")
    wording = fields.get("wording")
    return SampleJob(
        practice=str(fields["practice"]),
        subject=str(fields["member"]),
        job_id=job_id,
        letter=letter,
        language=language,
        requested_at_ms=Millis(int(fields["asked_at"])),
        origin=str(fields["origin"]),
        wording=(str(wording[0]), str(wording[1]), str(wording[2])) if wording else None,
    )
