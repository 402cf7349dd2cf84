"""Webhooks: the addresses to which events are sent, their secrets, and the log of deliveries (B174, B175)."""

from typing import cast

from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.delivery_sentences import delivery_sentence, kind_names
from latchkey.console.dispatch import SHOWN_ONCE
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response, see_other
from latchkey.rules.published import PUBLISHED_KINDS, PublishedKind
from latchkey.rules.refusals import BodyInvalid, RecordNotFound
from latchkey.rules.webhooks import Webhook
from latchkey.usecases import webhooks
from latchkey.usecases.webhooks import WebhookSecret

routes = ConsoleRoutes()

DELIVERIES_A_PAGE = 10


@routes.get("/webhooks", webhooks.list_webhooks, webhooks.add_webhook)
def webhooks_page(current: Current) -> Response:
    """Show the webhooks, and the form for another one."""
    chosen = current.form.every("kind") if current.problem else PUBLISHED_KINDS
    return render.signed_in_page(
        current,
        "webhooks.html",
        webhooks=webhooks.list_webhooks(current.context),
        kinds=kind_names(current.request.language),
        chosen=chosen,
        typed=current.values(url=""),
        done=current.query("done"),
    )


@routes.form("/webhooks", webhooks.add_webhook, webhooks.list_webhooks, page=webhooks_page)
def add_webhook(current: Current) -> Response:
    """Add a webhook, and show its secret once. A reload does not show it again."""
    made = webhooks.add_webhook(current.context, current.form.text("url"), _kinds(current))
    return _secret_page(current, made)


@routes.get("/webhooks/{webhook}", webhooks.list_deliveries)
def webhook_page(current: Current) -> Response:
    """Show a webhook, and what became of each event that was sent to it, newest first."""
    before = current.ulid_in_query("before")
    found = webhooks.list_deliveries(current.context, current.ulid("webhook"), before, DELIVERIES_A_PAGE)
    language, practice = current.request.language, current.context.practice
    names = kind_names(language)
    return render.signed_in_page(
        current,
        "webhook.html",
        webhook=found.webhook,
        kinds=[name for kind, name in names.items() if kind in found.webhook.kinds],
        overlap=_overlap_end(current, found.webhook),
        rows=[
            (
                delivery,
                names.get(delivery.kind, delivery.kind),
                delivery_sentence(delivery, practice.time_zone, language),
            )
            for delivery in found.page.entries
        ],
        next_id=found.page.next_id,
        done=current.query("done"),
    )


@routes.get("/webhooks/{webhook}/secret", webhooks.rotate_secret, webhooks.list_webhooks)
def secret_page(current: Current) -> Response:
    """Say how long the present secret stays valid, before a new one is made."""
    return render.signed_in_page(current, "new_secret.html", webhook=_webhook(current))


@routes.form("/webhooks/{webhook}/secret", webhooks.rotate_secret, webhooks.list_webhooks, page=secret_page)
def rotate_secret(current: Current) -> Response:
    """Give the webhook a new secret, and show it once. A reload does not show it again."""
    return _secret_page(current, webhooks.rotate_secret(current.context, current.ulid("webhook")))


@routes.get("/webhooks/{webhook}/remove", webhooks.remove_webhook, webhooks.list_webhooks)
def remove_page(current: Current) -> Response:
    """Say what is no longer sent, before the webhook is removed."""
    return render.signed_in_page(current, "remove_webhook.html", webhook=_webhook(current))


@routes.form("/webhooks/{webhook}/remove", webhooks.remove_webhook, webhooks.list_webhooks, page=remove_page)
def remove_webhook(current: Current) -> Response:
    """Remove the webhook. What waits for it is not sent."""
    webhooks.remove_webhook(current.context, current.ulid("webhook"))
    return see_other(f"{current.home}/webhooks?done=removed")


def _secret_page(current: Current, made: WebhookSecret) -> Response:
    webhook = made.webhook
    overlap = _overlap_end(current, webhook)
    shown = render.signed_in_page(current, "webhook_secret.html", webhook=webhook, secret=made.secret, overlap=overlap)
    return shown.with_headers({SHOWN_ONCE: f"{current.home}/webhooks/{webhook.id}?done=shown"})


def _overlap_end(current: Current, webhook: Webhook) -> int | None:
    """Return the time until which the secret before signs too, in Unix seconds. None if there is one secret."""
    return webhook.previous_until if len(webhook.secrets(current.request.now)) > 1 else None


def _webhook(current: Current) -> Webhook:
    """Return the webhook in the path.

    :raises RecordNotFound: the practice has no such webhook.
    """
    webhook_id = current.ulid("webhook")
    for webhook in webhooks.list_webhooks(current.context):
        if webhook.id == webhook_id:
            return webhook
    raise RecordNotFound


def _kinds(current: Current) -> frozenset[PublishedKind]:
    """Return the kinds that are ticked.

    :raises BodyInvalid: no kind is ticked, or there is no such kind.
    """
    ticked = current.form.every("kind")
    if not ticked:
        raise BodyInvalid((("kind", "kinds"),))
    if not set(ticked) <= set(PUBLISHED_KINDS):
        raise BodyInvalid
    return frozenset(cast("tuple[PublishedKind, ...]", ticked))
