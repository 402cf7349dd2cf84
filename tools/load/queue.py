"""The mail queue, as seen from outside the functions."""

import time

from local.portal_process import PortalProcess

MAIL_SECONDS = 60.0
"""Longest wait for mail in a load run."""


class MailQueue:
    """The mail jobs of a portal that are not done yet."""

    def __init__(self, portal: PortalProcess) -> None:
        self._sqs = portal.address.client("sqs")
        self._url = portal.functions["RequestLink"]["MAIL_QUEUE_URL"]

    def settle(self) -> None:
        """Wait until the queue is empty, at most `MAIL_SECONDS`."""
        deadline = time.monotonic() + MAIL_SECONDS
        while self._has_jobs() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _has_jobs(self) -> bool:
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=counts)["Attributes"]
        return any(map(int, attributes.values()))
