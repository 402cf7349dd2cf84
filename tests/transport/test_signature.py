"""Tests that the lean transport signs requests exactly as botocore does."""

import random
import string
from datetime import UTC, datetime
from unittest.mock import patch

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from latchkey.transport.signature import Credentials, sign

REQUESTS = 4000
HEADER_CHARACTERS = string.digits + string.ascii_letters + string.punctuation + "  \t"
PATHS = ("/", "/v2/email/outbound-emails", "/prefix/v2/email/outbound-emails")
HOSTS = ("dynamodb.us-east-1.amazonaws.com", "127.0.0.1:8000", "email.cn-north-1.amazonaws.com.cn")


def test_thousands_of_random_requests_are_signed_as_by_botocore() -> None:
    chance = random.Random()  # noqa: S311 - each run tries others
    seen = set()
    for _ in range(REQUESTS):
        credentials = Credentials(
            _text(chance, 20), _text(chance, 40), chance.choice([None, _text(chance, chance.randrange(1, 900))])
        )
        host, path, now = chance.choice(HOSTS), chance.choice(PATHS), chance.randrange(0, 2**33)
        region, service = chance.choice(["us-east-1", "us-gov-west-1"]), chance.choice(["dynamodb", "ses", "sqs"])
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "".join(chance.choices(HEADER_CHARACTERS, k=chance.randrange(1, 40))),
        }
        body = chance.randbytes(chance.randrange(2000))
        signed = sign(
            path,
            {"host": host, **headers},
            body,
            credentials=credentials,
            region=region,
            service=service,
            now=now + chance.random(),
        )

        request = AWSRequest("POST", f"https://{host}{path}", headers=headers, data=body)
        moment = datetime.fromtimestamp(now, UTC)
        with patch.object(botocore.auth, "get_current_datetime", lambda *_, moment=moment, **__: moment):
            SigV4Auth(BotocoreCredentials(*credentials), service, region).add_auth(request)
        for name in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token"):
            assert signed.get(name.lower()) == request.headers.get(name)
        seen.add(signed["authorization"])
    assert len(seen) == REQUESTS


@pytest.mark.parametrize("change", ["path", "body", "header", "secret", "region", "service", "day"])
def test_every_part_of_a_request_is_signed(change: str) -> None:
    assert _signature() != _signature(change)
    assert _signature() == _signature()


def _signature(changed: str = "") -> str:
    def value(name: str, usual: str) -> str:
        return f"{usual}x" if name == changed else usual

    headers = {"host": "aws.example", "x-amz-target": value("header", "DynamoDB.GetItem")}
    signed = sign(
        value("path", "/"),
        headers,
        value("body", "{}").encode(),
        credentials=Credentials("id", value("secret", "secret"), None),
        region=value("region", "us-east-1"),
        service=value("service", "dynamodb"),
        now=86_400.0 if changed == "day" else 1.0,
    )
    return signed["authorization"].rpartition("Signature=")[2]


def _text(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(string.ascii_letters + string.digits + "+/=", k=length))
