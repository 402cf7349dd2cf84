"""Links: one item for each account, so that a newer link replaces the older one."""

from dataclasses import dataclass
from typing import ClassVar

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from latchkey import settings
from latchkey.rules import links
from latchkey.rules.accounts import Account
from latchkey.rules.languages import Language, language_of
from latchkey.rules.links import Link
from latchkey.rules.mail import REQUESTED_AT_DIGITS, MailJob
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.store.accounts import AccountItem
from latchkey.store.dynamodb import Table, condition_failed, get_pair, set_or_remove
from latchkey.store.proofs import Attempt, ConsumingWrite
from latchkey.store.records import to_record
from latchkey.tokens import LinkToken, base64url_encode

LIVE, USED = "live", "used"


class LinkItem(Table):
    """The newest link of an account."""

    class Meta:
        table_name = settings.load().links_table

    account_key = UnicodeAttribute(attr_name="account", hash_key=True)
    job_id = BinaryAttribute(attr_name="request", legacy_encoding=False)
    digest = UnicodeAttribute()
    sequence = UnicodeAttribute()
    epoch = NumberAttribute()
    state = UnicodeAttribute()
    used_by = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()
    sweep_at = NumberAttribute()
    letter_language = UnicodeAttribute(null=True)

    def link(self) -> Link:
        """Return the link as a value."""
        return to_record(
            Link,
            self,
            state="live" if self.state == LIVE else "used",
            requested_at=int(self.sequence[:REQUESTED_AT_DIGITS]) // 1000,
            letter_language=language_of(self.letter_language),
        )


def mint(job: MailJob, token: LinkToken, now: int, letter_language: Language | None = None) -> bool:
    """Store a job's link as the account's only one. `now` is Unix seconds.

    `letter_language` is the language of a sign-in letter, for the page of the link that this one replaces.

    Return True also if the same job has stored it before. Return False if a newer job has, or if this job's link is
    used or was made with another key.
    """
    item, new = LinkItem(base64url_encode(job.account_key)), LinkItem.sequence
    same_job = (new == job.sequence) & (LinkItem.epoch == job.epoch) & (LinkItem.state == LIVE)
    expires_at = now + settings.load().link_seconds
    try:
        item.upsert(
            [
                LinkItem.job_id.set(job.job_id),
                LinkItem.digest.set(token.digest),
                LinkItem.sequence.set(job.sequence),
                LinkItem.epoch.set(job.epoch),
                LinkItem.state.set(LIVE),
                LinkItem.used_by.remove(),
                set_or_remove(LinkItem.letter_language, letter_language),
                LinkItem.expires_at.set(expires_at),
                LinkItem.sweep_at.set(expires_at + links.KEEP_DEAD_SECONDS),
            ],
            condition=new.does_not_exist() | (new < job.sequence) | (same_job & (LinkItem.digest == token.digest)),
        )
    except UpdateError as error:
        if condition_failed(error):
            return False
        raise
    return True


@dataclass(frozen=True, slots=True)
class LinkProof:
    """A link that was checked, and the account it opens."""

    account: Account
    token: LinkToken
    method: ClassVar[SignInMethod] = "link"

    def consuming_write(self, account: Account, attempt: Attempt) -> ConsumingWrite:
        """Return the write that marks the link as used."""
        return ConsumingWrite(
            LinkItem(base64url_encode(self.token.account_key)),
            [LinkItem.state.set(USED), LinkItem.used_by.set(attempt.id)],
            (LinkItem.state == LIVE)
            & (LinkItem.expires_at > attempt.now)
            & (LinkItem.digest == self.token.digest)
            & (LinkItem.epoch == account.epoch),
        )

    def recheck(self, attempt: Attempt) -> Account | None:
        """Return the account that the link still opens, or None if `attempt` used it.

        :raises LinkExpired, LinkReplaced, LinkUsed: it opens none any more.
        """
        link, account = _get_pair(self.token)
        if link and link.used_by == attempt.id:
            return None
        return links.check(link, account, self.token.job_id, attempt.now)


def verify(token: LinkToken, now: int) -> LinkProof:
    """Return the proof that a link gives. Nothing changes. `now` is Unix seconds.

    :raises LinkExpired, LinkReplaced, LinkUsed: the link opens nothing.
    """
    return LinkProof(links.check(*_get_pair(token), token.job_id, now), token)


def _get_pair(token: LinkToken) -> tuple[Link | None, Account | None]:
    key = base64url_encode(token.account_key)
    link, account = get_pair((LinkItem, key), (AccountItem, key))
    return link.link() if link else None, account.account() if account else None
