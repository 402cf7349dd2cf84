"""The queues of moto, emptied without requests."""

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends


def empty(url: str) -> None:
    """Remove all messages from a queue, also those in flight."""
    backend = sqs_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
    name = url.rpartition("/")[2]
    backend.get_queue(name).last_purged_at = None  # as in SQS, a queue is purged once a minute
    backend.purge_queue(name)
