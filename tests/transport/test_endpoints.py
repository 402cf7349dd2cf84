"""Tests that calls go to the same hosts as botocore's."""

import json
from pathlib import Path

import botocore
import botocore.session
import pytest
from botocore.config import Config

from latchkey import settings
from latchkey.transport import endpoints
from latchkey.transport.endpoints import SERVICES

PARTITIONS = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]
REGIONS = [(region, part) for part in PARTITIONS for region in part["regions"] if not region.endswith("global")]


@pytest.fixture(scope="module")
def session() -> botocore.session.Session:
    return botocore.session.get_session()


@pytest.mark.parametrize("fips", [False, True], ids=["usual", "fips"])
@pytest.mark.parametrize("service", SERVICES)
def test_the_host_is_botocores_in_every_region(session: botocore.session.Session, service: str, fips: bool) -> None:
    seen = set()
    for region, part in REGIONS:
        if fips and not part["outputs"]["supportsFIPS"]:
            continue
        config = Config(use_fips_endpoint=fips, account_id_endpoint_mode="disabled")
        client = session.create_client(
            service, region, config=config, aws_access_key_id="id", aws_secret_access_key="secret"
        )
        assert endpoints.url(SERVICES[service], region, fips=fips) == client.meta.endpoint_url, region
        seen.add(part["id"])
    assert {"aws", "aws-cn", "aws-us-gov"} <= seen


def test_an_endpoint_from_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert settings.endpoint_url("SQS") == "http://127.0.0.1:1"

    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:2")
    assert (settings.endpoint_url("SQS"), settings.endpoint_url("SESV2")) == (
        "http://127.0.0.1:2",
        "http://127.0.0.1:1",
    )
    assert endpoints.url(SERVICES["sqs"], "us-east-1", configured="http://127.0.0.1:2") == "http://127.0.0.1:2"
