"""The queue between asking for mail and sending it: promises go in, and the secret of no link with them."""

import json

from latchkey import aws, settings
from latchkey.rules.jobs import KINDS, Job
from latchkey.tokens import decode, encode

LONGEST_DELAY = 900
"""What SQS can hold a message back for, in seconds."""


def put(job: Job, delay: int = 0) -> None:
    """Promise a mail, to be looked at in `delay` seconds.

    Raises what botocore raises when the queue does not answer.
    """
    aws.client("sqs").send_message(
        QueueUrl=settings.load().mail_queue_url,
        MessageBody=json.dumps(
            {
                "practice": job.practice,
                "account": encode(job.account),
                "request": encode(job.request),
                "epoch": job.epoch,
                "kind": job.kind,
                "asked_at": job.asked_at,
                "origin": job.origin,
                "subject": job.subject,
                "message": job.message,
                "items": job.items,
            }
        ),
        DelaySeconds=min(delay, LONGEST_DELAY),
    )


def read(body: str) -> Job:
    """The promise in a message; fields that a newer version added are passed over.

    :raises ValueError: it holds none, or one of a kind that only a newer version knows. No letter of ours would be the
        right one: it goes back to the queue, for that version or for the dead-letter queue.
    """
    try:
        fields = json.loads(body)
        account, request = decode(fields["account"]), decode(fields["request"])
        kind = fields["kind"]
        if not account or not request or kind not in KINDS:
            raise ValueError("not a mail job")
        return Job(
            practice=str(fields["practice"]),
            account=account,
            request=request,
            epoch=int(fields["epoch"]),
            kind=kind,
            asked_at=int(fields["asked_at"]),
            origin=str(fields["origin"]),
            subject=fields.get("subject"),
            message=fields.get("message"),
            items=tuple(fields.get("items", ())),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not a mail job") from error
