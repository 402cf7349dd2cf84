"""Links: one for each account, so that a newer link replaces the older one. It is a part of the credentials."""

from dataclasses import dataclass
from typing import ClassVar

from pynamodb.exceptions import UpdateError

from latchkey import settings
from latchkey.rules import links
from latchkey.rules.accounts import Account
from latchkey.rules.languages import Language
from latchkey.rules.links import Link
from latchkey.rules.mail import MailJob
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.store.accounts import AccountItem
from latchkey.store.batches import get_pair
from latchkey.store.credentials import LIVE, USED, CredentialsItem
from latchkey.store.dynamodb import condition_failed, set_or_remove
from latchkey.store.proofs import Attempt, ConsumingWrite
from latchkey.tokens import LinkToken, base64url_encode


def mint(job: MailJob, token: LinkToken, now: int, letter_language: Language | None = None) -> bool:
    """Store a job's link as the account's only one. `now` is Unix seconds.

    `letter_language` is the language of a sign-in letter, for the page of the link that this one replaces.

    Return True also if the same job has stored it before. Return False if a newer job has, or if this job's link is
    used or was made with another key.
    """
    item, new = CredentialsItem(base64url_encode(job.account_key)), CredentialsItem.sequence
    same_link = CredentialsItem.digest == token.digest
    same_job = (new == job.sequence) & (CredentialsItem.epoch == job.epoch) & (CredentialsItem.state == LIVE)
    expires_at = now + settings.load().link_seconds
    try:
        item.upsert(
            [
                CredentialsItem.job_id.set(job.job_id),
                CredentialsItem.digest.set(token.digest),
                CredentialsItem.sequence.set(job.sequence),
                CredentialsItem.epoch.set(job.epoch),
                CredentialsItem.state.set(LIVE),
                CredentialsItem.used_by.remove(),
                set_or_remove(CredentialsItem.letter_language, letter_language),
                CredentialsItem.expires_at.set(expires_at),
                CredentialsItem.sweep_at.set(CredentialsItem.retained_until | (expires_at + links.KEEP_DEAD_SECONDS)),
            ],
            condition=new.does_not_exist() | (new < job.sequence) | (same_job & same_link),
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
            None,
            [CredentialsItem.state.set(USED), CredentialsItem.used_by.set(attempt.id)],
            (CredentialsItem.state == LIVE)
            & (CredentialsItem.expires_at > attempt.now)
            & (CredentialsItem.digest == self.token.digest)
            & (CredentialsItem.epoch == account.epoch),
        )

    def recheck(self, attempt: Attempt) -> Account | None:
        """Return the account that the link still opens, or None if `attempt` used it.

        :raises LinkExpired, LinkReplaced, LinkUsed: the link no longer opens an account.
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
    account, credentials = get_pair(AccountItem, CredentialsItem, base64url_encode(token.account_key))
    return credentials.link() if credentials else None, account.account(credentials) if account else None
