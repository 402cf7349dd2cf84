"""The DMARC record of the sender's domain, as name servers answer about it."""

import dns.resolver
import pytest

from operate import dns_checks
from tests.operate.name_servers import name_server

DMARC = [
    ({"_dmarc.example.com": ["v=DMARC1; p=reject"]}, "example.com", "ok", "example.com is reject"),
    ({"_dmarc.example.com": ["v=DMARC1; p=none"]}, "example.com", "ok", "Raise it"),
    ({"_dmarc.example.com": ["v=DMARC1; p=reject"]}, "mail.example.com", "ok", "example.com is reject"),
    ({"_dmarc.example.com": ["v=DMARC1; p=reject; sp=none"]}, "mail.example.com", "ok", "example.com is none"),
    ({}, "example.com", "fault", "no record"),
    ({"_dmarc.example.com": ["some other text"]}, "example.com", "fault", "no record"),
    ({"_dmarc.example.com": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "example.com", "fault", "2 records"),
    ({"_dmarc.example.com": ["v=DMARC1; rua=mailto:a@b.example"]}, "example.com", "fault", "no policy"),
]


@pytest.mark.parametrize(("records", "domain", "expected", "sentence"), DMARC)
def test_the_dmarc_record_is_read(
    monkeypatch: pytest.MonkeyPatch, records: dict[str, list[str]], domain: str, expected: str, sentence: str
) -> None:
    """B214"""
    with name_server(records) as resolver:
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        finding = dns_checks.dmarc(domain)

    assert (finding.state, sentence in finding.line()) == (expected, True), finding.line()


def test_name_servers_that_do_not_answer_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = dns.resolver.Resolver(configure=False)
    silent.nameservers, silent.port = ["127.0.0.1"], 9
    monkeypatch.setattr(dns.resolver, "default_resolver", silent)
    monkeypatch.setattr(dns_checks, "TIMEOUT_SECONDS", 0.3)

    assert dns_checks.dmarc("example.com").state == "unknown"
