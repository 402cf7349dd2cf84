"""The queue of deliveries. A message names a delivery and holds nothing else."""

import json
from dataclasses import dataclass

from latchkey import aws, settings


@dataclass(frozen=True, slots=True)
class Job:
    """A delivery to be tried."""

    practice: str
    webhook: str
    event: str


def send(job: Job, delay: int = 0) -> None:
    """Queue a delivery, to be received after `delay` seconds, or after `aws.MAX_DELAY_SECONDS` if that is less.

    :raises BotoCoreError: the queue does not answer.
    :raises ClientError: the queue answers with an error.
    """
    body = json.dumps({"practice": job.practice, "webhook": job.webhook, "event": job.event})
    aws.queue_message(settings.load().webhook_queue_url, body, delay)


def parse(body: str) -> Job:
    """Return the delivery in a message.

    :raises ValueError: the message holds none.
    """
    try:
        fields = json.loads(body)
        return Job(str(fields["practice"]), str(fields["webhook"]), str(fields["event"]))
    except (KeyError, TypeError) as error:
        raise ValueError("not a delivery") from error
