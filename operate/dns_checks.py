"""Checks of DNS records, by the resolvers of this machine."""

from dns import exception, resolver

from operate.findings import Finding, fault, ok, unknown

TIMEOUT_SECONDS = 5
VERSION = "v=DMARC1"
"""A TXT record that does not begin with this is no DMARC record (RFC 7489, section 6.6.3)."""
POLICIES = ("none", "quarantine", "reject")
ENTER = "Enter the output DmarcRecord as a TXT record."


def dmarc(domain: str) -> Finding:
    """Check that the domain's DMARC record says what mail providers do with unsigned mail.

    A domain without a record has that of a domain above it (RFC 7489, section 6.6.3).
    """
    try:
        place, records = next(((name, found) for name in _above(domain) if (found := _records(name))), (domain, []))
    except exception.DNSException as error:
        return unknown("dmarc", f"the name servers do not answer ({type(error).__name__})", "Run it again later.")
    if not records:
        return fault("dmarc", f"_dmarc.{domain} has no record", ENTER)
    if len(records) > 1:
        return fault("dmarc", f"_dmarc.{place} has {len(records)} records, which counts as none", "Leave one of them.")
    tags = dict(part.strip().partition("=")[::2] for part in records[0].split(";"))
    policy = tags.get("p" if place == domain else "sp", tags.get("p", "")).strip().lower()
    if policy not in POLICIES:
        return fault("dmarc", f"the record of {place} has no policy: {records[0]}", ENTER)
    advice = ". Raise it when the reports show that your own mail passes" if policy == "none" else ""
    return ok("dmarc", f"the policy of {place} is {policy}{advice}")


def _above(domain: str) -> list[str]:
    """Return a domain and those above it, down to two labels."""
    labels = domain.split(".")
    return [".".join(labels[first:]) for first in range(len(labels) - 1)]


def _records(domain: str) -> list[str]:
    """Return the DMARC records of a domain.

    :raises DNSException: no name server answers.
    """
    try:
        answer = resolver.resolve(f"_dmarc.{domain}", "TXT", lifetime=TIMEOUT_SECONDS)
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        return []
    texts = [b"".join(record.strings).decode(errors="replace") for record in answer]
    return [text for text in texts if text.partition(";")[0].replace(" ", "") == VERSION]
