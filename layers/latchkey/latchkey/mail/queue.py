"""The queue between asking for mail and sending it: promises go in, and the secret of no link with them."""

import json

from latchkey import aws, settings
from latchkey.rules.mail import MAIL_KINDS, MailJob
from latchkey.tokens import base64url_decode, base64url_encode

MAX_DELAY_SECONDS = 900
"""What SQS can hold a message back for, in seconds."""


def send_job(job: MailJob, delay: int = 0) -> None:
    """Promise a mail, to be looked at in `delay` seconds.

    Raises what botocore raises when the queue does not answer.
    """
    aws.service_client("sqs").send_message(
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
            }
        ),
        DelaySeconds=min(delay, MAX_DELAY_SECONDS),
    )


def parse_job(body: str) -> MailJob:
    """The promise in a message; fields that a newer version added are passed over.

    :raises ValueError: it holds none, or one of a kind that only a newer version knows. No letter of ours would be the
        right one: it goes back to the queue, for that version or for the dead-letter queue.
    """
    try:
        fields = json.loads(body)
        account, request = base64url_decode(fields["account"]), base64url_decode(fields["request"])
        kind = fields["kind"]
        if not account or not request or kind not in MAIL_KINDS:
            raise ValueError("not a mail job")
        return MailJob(
            practice=str(fields["practice"]),
            account_key=account,
            job_id=request,
            epoch=int(fields["epoch"]),
            kind=kind,
            requested_at_ms=int(fields["asked_at"]),
            origin=str(fields["origin"]),
            subject=fields.get("subject"),
            message=fields.get("message"),
            items=tuple(fields.get("items", ())),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not a mail job") from error
