"""AWS on ministack, and the functions that use it in this process. Several threads can call them at once."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import batched, count
from typing import Any, Self

import pytest

from latchkey import aws, settings
from latchkey.mail.letters import Letter
from latchkey.rules.addresses import canonical
from latchkey.rules.machines import TOKEN_PATH
from latchkey.store import accounts, mail_status
from tests.api import contract
from tests.kit import gateway_events, sam_template
from tests.kit.aws_faults import AwsFaults
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi, authorized_as
from tests.kit.clock import NOON, Clock
from tests.kit.gateway_events import ORIGIN
from tests.kit.handlers import lambda_context, load_handler
from tests.kit.http_response import HttpResponse
from tests.kit.portal import checked_response


class MinistackCloud:
    """The tables, the mail queue and an SES that accepts everything."""

    origin = ORIGIN

    def __init__(self, make_client: Callable[[str], Any]) -> None:
        self._make_client = make_client
        self._clients: dict[str, Any] = {}
        self.queue: str = self.client("sqs").create_queue(QueueName="mail")["QueueUrl"]
        self.import_queue: str = self.client("sqs").create_queue(QueueName="import")["QueueUrl"]
        self.clock = Clock()
        self._milliseconds = count(1)
        self.sent: list[Letter] = []
        """Mail, oldest first."""
        self._aws = AwsFaults()
        self._seeded: set[tuple[str, str]] = set()
        """The items of the seed, once it was stored."""

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        if service not in self._clients:
            self._clients[service] = self._make_client(service)
        return self._clients[service]

    @contextmanager
    def called(self) -> Iterator[Self]:
        """Watch what this process writes until the context ends."""
        with self._aws.listening(aws.client("dynamodb"), aws.client("sqs")):
            yield self

    def put_back(self, seed: Callable[[], None]) -> None:
        """Put the tables back to what `seed` writes, delete the messages, and set the clock back to noon."""
        self.clock.now = NOON
        self._milliseconds = count(1)  # from 1000 on, a later request would have an earlier time
        if "SendMessage" in self._aws.operations():
            self.take_jobs()
        self.sent.clear()
        is_seeded = bool(self._seeded) and self._seeded.isdisjoint(self._aws.written)
        self._delete(self._aws.written if is_seeded else self._aws.written | self._seeded)
        self._aws.written.clear()
        if not is_seeded:
            seed()
            self._seeded = {*self._aws.written}
        self._aws.written.clear()
        self._aws.calls.clear()

    def _delete(self, written: Iterable[tuple[str, str]]) -> None:
        for batch in batched(sorted(written), sam_template.BATCH, strict=False):
            deletions: dict[str, list[dict[str, Any]]] = {}
            for table, key in batch:
                deletions.setdefault(table, []).append({"DeleteRequest": {"Key": json.loads(key)}})
            assert not aws.call("dynamodb", "BatchWriteItem", RequestItems=deletions)["UnprocessedItems"]

    def items(self) -> dict[str, list[dict[str, Any]]]:
        """Return every item of every table."""
        return sam_template.items(self.client("dynamodb"))

    def browser(self) -> Browser:
        """Return a browser without cookies that accepts JSON."""
        return Browser(self, "203.0.113.9", {"accept": "application/json"})

    def clinician(
        self,
        subject: str = "dr-willow",
        practice: str = "willow",
        claims: Mapping[str, Any] | None = None,
        without: Iterable[str] = (),
    ) -> ClinicianApi:
        """Return the clinicians' API, called with a verified token that has these claims."""
        return ClinicianApi(self, authorized_as(subject, claims, without), practice)

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes, source: str) -> HttpResponse:
        """Return the response of the function that gets this request. No two requests have the same millisecond."""
        request = gateway_events.Sent(method, target, headers, body, source)
        event = gateway_events.event(request, self.clock.now * 1000 + next(self._milliseconds) % 1000)
        function = gateway_events.function_of(event)
        response = checked_response(load_handler(function).handle(event, lambda_context(self.clock.now)))
        path = event["routeKey"].partition(" ")[2]
        if function in ("Admin", "Machine") and path != TOKEN_PATH:
            contract.check(f"{method} {path}", response.status, response.headers.get("content-type"), response.body)
        return response

    def take_jobs(self) -> list[dict[str, Any]]:
        """Remove the mail jobs from the queue, and return them."""
        jobs: list[dict[str, Any]] = []
        while messages := aws.call("sqs", "ReceiveMessage", QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            jobs += [json.loads(message["Body"]) for message in messages]
            entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
            aws.call("sqs", "DeleteMessageBatch", QueueUrl=self.queue, Entries=entries)
        return jobs

    def bounce(self, address: str, status: str = "bounced") -> None:
        """Let a mail to an address at Willow bounce."""
        key = accounts.key_of("willow", canonical(address))
        account = accounts.find(key)
        assert account
        accounts.save(replace(account, suppressed=True))
        mail_status.write(key, status, self.clock.now)

    def break_queue(self, patch: pytest.MonkeyPatch) -> None:
        """Point the functions to a queue that does not exist."""
        config = replace(settings.load(), mail_queue_url=self.queue + "-gone")
        patch.setattr(settings, "load", lambda: config)

    def deliver(self) -> list[Letter]:
        """Let the worker process every mail job, and return what it sent."""
        before = len(self.sent)
        records = [{"messageId": f"m{n}", "body": json.dumps(job)} for n, job in enumerate(self.take_jobs())]
        assert load_handler("SendMail").handle({"Records": records}, lambda_context(self.clock.now)) == {
            "batchItemFailures": []
        }
        return self.sent[before:]

    def link_mailed_after(self, request: Callable[[], HttpResponse], email: str) -> str:
        """Return the link in the mail that a request leads to."""
        assert request().status in {202, 303}
        (letter,) = [letter for letter in self.deliver() if letter.to == email]
        return link_in(letter)

    def accept_mail(self, letter: Letter, tags: dict[str, str]) -> str:  # noqa: ARG002 - SES returns them in events
        """Store a letter as SES does, and return its message id."""
        self.sent.append(letter)
        return f"ses-{len(self.sent)}"


def link_in(letter: Letter) -> str:
    """Return the path of the link in a letter."""
    url = next(word for word in letter.text.split() if "/link/" in word)
    return url.removeprefix(ORIGIN)
