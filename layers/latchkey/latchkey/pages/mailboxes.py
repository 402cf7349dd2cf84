"""Web pages of well-known mailboxes, by the domain of an address (B141)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox that a browser can open."""

    label: str
    url: str


GMAIL = Mailbox("Gmail", "https://www.gmail.com/")
OUTLOOK = Mailbox("Outlook", "https://outlook.live.com/mail/")
YAHOO = Mailbox("Yahoo Mail", "https://mail.yahoo.com/")
ICLOUD = Mailbox("iCloud Mail", "https://www.icloud.com/mail/")

MAILBOXES = {
    domain: mailbox
    for mailbox, domains in {
        GMAIL: "gmail.com",
        OUTLOOK: "outlook.com outlook.es hotmail.com hotmail.es live.com live.com.mx msn.com",
        YAHOO: "yahoo.com yahoo.com.mx yahoo.es ymail.com rocketmail.com",
        ICLOUD: "icloud.com me.com mac.com",
    }.items()
    for domain in domains.split()
}


def mailbox_of(address: str) -> Mailbox | None:
    """Return the mailbox of an address or domain. None for a domain that is not well known."""
    return MAILBOXES.get(address.rpartition("@")[2].strip().lower())
