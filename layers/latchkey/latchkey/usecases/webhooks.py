"""Use cases of webhooks: the addresses of a practice to which events are sent."""

from dataclasses import dataclass, field

from latchkey import settings, tokens
from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.rules.published import PublishedKind
from latchkey.rules.refusals import RecordNotFound, TooManyWebhooks, ValueRefused
from latchkey.rules.webhooks import MAX_WEBHOOKS, OVERLAP_SECONDS, Delivery, Webhook, is_valid_url
from latchkey.store import events, webhooks
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import use_case
from latchkey.usecases.listing import Page, page


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """A webhook with its newest secret. The secret is returned once."""

    webhook: Webhook
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookDeliveries:
    """A webhook, and a page of what was sent to it."""

    webhook: Webhook
    page: Page[Delivery]


@use_case(Role.ADMIN)
def list_webhooks(context: RequestContext) -> tuple[Webhook, ...]:
    """Return the practice's webhooks, oldest first."""
    return tuple(webhooks.all_of(context.slug))


@use_case(Role.ADMIN, idempotent=True)
def add_webhook(context: RequestContext, url: str, kinds: frozenset[PublishedKind]) -> WebhookSecret:
    """Add a webhook, and return it with its secret.

    :raises ValueRefused: the address cannot be one of a receiver.
    :raises TooManyWebhooks: the practice has `MAX_WEBHOOKS`.
    """
    if not is_valid_url(url, allows_loopback=settings.load().webhook_loopback):
        raise ValueRefused((("body.url", "Give an https address of a host on the internet, without a user"),))
    if len(webhooks.all_of(context.slug)) >= MAX_WEBHOOKS:
        raise TooManyWebhooks
    webhook = Webhook(
        context.slug, tokens.new_ulid(context.now_ms), url, kinds, tokens.new_webhook_secret(), context.now
    )
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.WEBHOOK_CHANGED, f"added:{webhook.id}"))
    webhooks.save(webhook)
    return WebhookSecret(webhook, webhook.secret)


@use_case(Role.ADMIN, idempotent=True)
def rotate_secret(context: RequestContext, webhook_id: str) -> WebhookSecret:
    """Give a webhook a new secret. For a day, the one before signs too. An older one ends at once.

    :raises RecordNotFound: the practice has no such webhook, or its secret was rotated at this moment.
    """
    webhook, secret = _find(context, webhook_id), tokens.new_webhook_secret()
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.WEBHOOK_CHANGED, f"rotated:{webhook_id}"))
    webhooks.rotate(webhook, secret, context.now + OVERLAP_SECONDS)
    return WebhookSecret(_find(context, webhook_id), secret)


@use_case(Role.ADMIN)
def remove_webhook(context: RequestContext, webhook_id: str) -> None:
    """Remove a webhook. What waits for it is not sent.

    :raises RecordNotFound: the practice has no such webhook.
    """
    _find(context, webhook_id)
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.WEBHOOK_CHANGED, f"removed:{webhook_id}"))
    webhooks.delete(context.slug, webhook_id)


@use_case(Role.ADMIN)
def list_deliveries(context: RequestContext, webhook_id: str, before: str | None, limit: int) -> WebhookDeliveries:
    """Return a webhook with a page of what was sent to it, newest first.

    :raises RecordNotFound: the practice has no such webhook.
    """
    webhook = _find(context, webhook_id)
    found = list(webhooks.newest_deliveries(context.slug, webhook_id, limit + 1, before))
    return WebhookDeliveries(webhook, page(found, limit, lambda delivery: delivery.event))


def _find(context: RequestContext, webhook_id: str) -> Webhook:
    webhook = webhooks.find(context.slug, webhook_id)
    if webhook is None:
        raise RecordNotFound
    return webhook
