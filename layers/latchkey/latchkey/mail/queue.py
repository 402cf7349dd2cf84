"""The queue of mail jobs. A message holds no address and no link's secret."""

import json

from latchkey import aws, settings
from latchkey.rules.accounts import AccountKey
from latchkey.rules.languages import language_of
from latchkey.rules.mail import MAIL_KINDS, MailJob
from latchkey.rules.times import Millis
from latchkey.tokens import base64url_decode, base64url_encode

MAX_DELAY_SECONDS = 900
"""Seconds that SQS can delay a message at most."""


def send_job(job: MailJob, delay: int = 0) -> None:
    """Queue a mail job, to be received after `delay` seconds.

    :raises BotoCoreError: the queue does not answer.
    :raises ClientError: the queue answers with an error.
    """
    aws.call(
        "sqs",
        "SendMessage",
        QueueUrl=settings.load().mail_queue_url,
        MessageBody=json.dumps(
            {
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
        ),
        DelaySeconds=min(delay, MAX_DELAY_SECONDS),
    )


def parse_job(body: str) -> MailJob:
    """Return the mail job in a message. Fields that only a newer version knows are ignored.

    :raises ValueError: the message holds no mail job, or its kind is known only to a newer version. The message then
        goes back to the queue, for that version or for the dead-letter queue.
    """
    try:
        fields = json.loads(body)
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
