"""Webhooks of practices, and the log of what was sent to them."""

from collections.abc import Iterable

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.update import Action

from latchkey import settings
from latchkey.rules.refusals import RecordNotFound
from latchkey.rules.webhooks import KEEP_SECONDS, Delivery, Webhook
from latchkey.store.dynamodb import IntegerAttribute, Table, condition_failed, set_or_remove
from latchkey.store.records import to_attributes, to_record


class WebhookItem(Table):
    """A webhook."""

    class Meta:
        table_name = settings.load().integrations_table

    practice = UnicodeAttribute(hash_key=True)
    """The practice and `#webhook`."""
    id = UnicodeAttribute(range_key=True)
    url = UnicodeAttribute()
    kinds = UnicodeSetAttribute()
    secret = UnicodeAttribute()
    created_at = IntegerAttribute()
    previous_secret = UnicodeAttribute(null=True)
    previous_until = IntegerAttribute(null=True)
    disabled_at = IntegerAttribute(null=True)

    def webhook(self) -> Webhook:
        """Return the webhook as a value."""
        return to_record(Webhook, self, practice=self.practice.partition("#")[0])


class DeliveryItem(Table):
    """An event for one webhook."""

    class Meta:
        table_name = settings.load().integrations_table

    practice = UnicodeAttribute(hash_key=True)
    """The practice, `#delivery#` and the webhook."""
    id = UnicodeAttribute(range_key=True)
    """ULID of the event."""
    kind = UnicodeAttribute()
    body = UnicodeAttribute()
    created_at = IntegerAttribute()
    status = UnicodeAttribute()
    tries = IntegerAttribute()
    next_at = IntegerAttribute(null=True)
    last_at = IntegerAttribute(null=True)
    last_result = UnicodeAttribute(null=True)
    sweep_at = IntegerAttribute()

    def delivery(self) -> Delivery:
        """Return the delivery as a value."""
        practice, _, webhook = self.practice.partition("#delivery#")
        return to_record(Delivery, self, practice=practice, webhook=webhook, event=self.id)


def all_of(practice: str) -> list[Webhook]:
    """Return the webhooks of a practice, oldest first."""
    return [item.webhook() for item in WebhookItem.query(f"{practice}#webhook", consistent_read=True)]


def find(practice: str, webhook_id: str) -> Webhook | None:
    """Return a webhook, or None if it was deleted."""
    try:
        return WebhookItem.get(f"{practice}#webhook", webhook_id, consistent_read=True).webhook()
    except WebhookItem.DoesNotExist:
        return None


def save(webhook: Webhook) -> None:
    """Store a new webhook."""
    WebhookItem(
        f"{webhook.practice}#webhook", webhook.id, **to_attributes(webhook, leave_out=("practice", "id"))
    ).save()


def rotate(webhook: Webhook, secret: str, previous_until: int) -> None:
    """Give a webhook a new secret. The one before stays live until `previous_until` (Unix seconds).

    :raises RecordNotFound: the webhook was deleted, or another request has rotated its secret meanwhile.
    """
    actions: list[Action] = [
        WebhookItem.secret.set(secret),
        WebhookItem.previous_secret.set(webhook.secret),
        WebhookItem.previous_until.set(previous_until),
    ]
    try:
        WebhookItem(f"{webhook.practice}#webhook", webhook.id).upsert(
            actions, condition=WebhookItem.secret == webhook.secret
        )
    except UpdateError as error:
        if condition_failed(error):
            raise RecordNotFound from None
        raise


def disable(webhook: Webhook, now: int) -> None:
    """Record that the receiver wants no more events. `now` is Unix seconds."""
    try:
        WebhookItem(f"{webhook.practice}#webhook", webhook.id).upsert(
            [WebhookItem.disabled_at.set(now)], condition=WebhookItem.url.exists()
        )
    except UpdateError as error:
        if not condition_failed(error):
            raise


def delete(practice: str, webhook_id: str) -> None:
    """Delete a webhook. Its deliveries stay in the log until they expire."""
    WebhookItem(f"{practice}#webhook", webhook_id).delete()


def add_delivery(delivery: Delivery) -> None:
    """Store a new delivery. One that is there already stays as it is, because the stream may repeat an event."""
    item = DeliveryItem(
        f"{delivery.practice}#delivery#{delivery.webhook}",
        delivery.event,
        sweep_at=delivery.created_at + KEEP_SECONDS,
        **to_attributes(delivery, leave_out=("practice", "webhook", "event")),
    )
    try:
        item.save(condition=DeliveryItem.id.does_not_exist())
    except PutError as error:
        if not condition_failed(error):
            raise


def find_delivery(practice: str, webhook_id: str, event: str) -> Delivery | None:
    """Return a delivery, or None."""
    try:
        return DeliveryItem.get(f"{practice}#delivery#{webhook_id}", event, consistent_read=True).delivery()
    except DeliveryItem.DoesNotExist:
        return None


def update_delivery(delivery: Delivery) -> None:
    """Store the result of a try."""
    changed = {name: getattr(delivery, name) for name in ("status", "tries", "next_at", "last_at", "last_result")}
    actions: list[Action] = []
    actions.extend(set_or_remove(getattr(DeliveryItem, name), value) for name, value in changed.items())
    DeliveryItem(f"{delivery.practice}#delivery#{delivery.webhook}", delivery.event).upsert(actions)


def newest_deliveries(practice: str, webhook_id: str, max_count: int, before: str | None) -> Iterable[Delivery]:
    """Return up to `max_count` deliveries, newest first, from the one before the event `before` on."""
    earlier = DeliveryItem.id < before if before else None
    partition = f"{practice}#delivery#{webhook_id}"
    found = DeliveryItem.query(partition, earlier, scan_index_forward=False, limit=max_count, consistent_read=True)
    return [item.delivery() for item in found]
