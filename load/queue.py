"""The queue of promised mail, as whoever waits for it sees it."""

import time

from local.portal_process import PortalProcess

MAIL_SECONDS = 60.0
"""How long anybody here waits for mail."""


class MailQueue:
    """What waits to be mailed."""

    def __init__(self, portal: PortalProcess) -> None:
        self._sqs = portal.address.client("sqs")
        self._url = portal.functions["RequestLink"]["MAIL_QUEUE_URL"]

    def settle(self) -> None:
        """Wait until nothing waits, or until it is clear that something always will."""
        deadline = time.monotonic() + MAIL_SECONDS
        while self._waiting() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _waiting(self) -> bool:
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=counts)["Attributes"]
        return any(map(int, told.values()))
