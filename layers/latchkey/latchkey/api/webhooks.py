"""Routes, bodies and documents of webhooks, for a practice's admin."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from latchkey.api import pagination
from latchkey.api.client_documents import Timestamp, timestamp
from latchkey.api.context import CurrentContext
from latchkey.api.fields import Document, RequestBody, one_of
from latchkey.api.pagination import Cursor, PageSize
from latchkey.api.routes import ResourceRoutes
from latchkey.http.responses import rfc3339
from latchkey.rules.published import PUBLISHED_KINDS, PublishedKind
from latchkey.rules.refusals import TooManyWebhooks, ValueRefused
from latchkey.rules.text_limits import ULID
from latchkey.rules.webhooks import DELIVERY_STATUSES, MAX_URL, Delivery, Webhook
from latchkey.usecases import webhooks

routes = ResourceRoutes("webhooks")

WebhookId = Annotated[str, Path(description="A webhook's id.", pattern=ULID)]
KindField = Annotated[PublishedKind, one_of(*PUBLISHED_KINDS)]
URL_DESCRIPTION = "An `https` address of a host on the internet."


class NewWebhookBody(RequestBody):
    """An address to which events are sent."""

    url: Annotated[
        str, Field(max_length=MAX_URL, description=URL_DESCRIPTION, examples=["https://system.example/hook"])
    ]
    kinds: Annotated[
        list[KindField],
        Field(min_length=1, default_factory=lambda: list(PUBLISHED_KINDS), description="All kinds if it is missing."),
    ]


class WebhookDocument(Document):
    """A webhook, without its secret."""

    id: str
    url: str
    kinds: list[KindField]
    created_at: Timestamp
    previous_secret_until: Annotated[
        Timestamp | None, Field(description="The secret before a rotation signs until then.")
    ]
    disabled_at: Annotated[
        Timestamp | None,
        Field(description="The receiver answered 410, and gets nothing more. Null while it gets events."),
    ]


class WebhookSecretDocument(WebhookDocument):
    """A webhook with its newest secret, which is returned once."""

    secret: Annotated[
        str | None,
        Field(
            description="Signs every event (Standard Webhooks). Null in the response to a repeated request with the"
            " same idempotency key."
        ),
    ]


class WebhookList(Document):
    """The practice's webhooks, oldest first."""

    webhooks: list[WebhookDocument]


class DeliveryDocument(Document):
    """An event that was sent to a webhook."""

    id: Annotated[str, Field(description="The header `webhook-id` of every try.")]
    kind: KindField
    status: Annotated[Literal["pending", "retrying", "delivered", "failed"], one_of(*DELIVERY_STATUSES)]
    created_at: Timestamp
    tries: int
    last_at: Timestamp | None
    last_result: Annotated[
        str | None, Field(description="Status of the last answer, or the reason why there was none, such as `timeout`.")
    ]
    next_at: Annotated[Timestamp | None, Field(description="Time of the next try. Null after the last one.")]


class DeliveryList(Document):
    """A page of deliveries, newest first. Each stays for 30 days."""

    deliveries: list[DeliveryDocument]
    next: Annotated[str | None, Field(description="`cursor` of the next page. Null on the last page.")]


@routes.on("GET /webhooks", webhooks.list_webhooks, responses={200: WebhookList})
def get_webhooks(context: CurrentContext) -> WebhookList:
    """List the practice's webhooks."""
    return WebhookList(webhooks=[_document(webhook) for webhook in webhooks.list_webhooks(context)])


@routes.on(
    "POST /webhooks",
    webhooks.add_webhook,
    responses={201: WebhookSecretDocument},
    refusals=(ValueRefused, TooManyWebhooks),
    not_stored=("secret",),
)
def post_webhook(body: NewWebhookBody, context: CurrentContext) -> WebhookSecretDocument:
    """Add a webhook. The secret cannot be read again.

    An address inside a private network is refused, also if a name on the internet leads there later. Redirects are not
    followed. An event that is not answered with 2xx within five seconds is sent again for a day, ever more rarely.
    """
    return _with_secret(webhooks.add_webhook(context, body.url, frozenset(body.kinds)))


@routes.on(
    "POST /webhooks/{webhook}/secret",
    webhooks.rotate_secret,
    responses={201: WebhookSecretDocument},
    not_stored=("secret",),
)
def post_secret(webhook: WebhookId, context: CurrentContext) -> WebhookSecretDocument:
    """Give a webhook a new secret. For a day, events are signed with the one before too."""
    return _with_secret(webhooks.rotate_secret(context, webhook))


@routes.on("DELETE /webhooks/{webhook}", webhooks.remove_webhook, responses={204: None})
def delete_webhook(webhook: WebhookId, context: CurrentContext) -> Response[None]:
    """Remove a webhook. Events that wait for another try are not sent."""
    webhooks.remove_webhook(context, webhook)
    return Response(204)


@routes.on("GET /webhooks/{webhook}/deliveries", webhooks.list_deliveries, responses={200: DeliveryList})
def get_deliveries(
    webhook: WebhookId, context: CurrentContext, cursor: Cursor = None, limit: PageSize = pagination.DEFAULT_PAGE
) -> DeliveryList:
    """Read what was sent to a webhook, and what became of it."""
    page = webhooks.list_deliveries(context, webhook, pagination.id_from_cursor(cursor), limit).page
    return DeliveryList(
        deliveries=[_delivery(delivery) for delivery in page.entries], next=pagination.next_cursor(page.next_id)
    )


def _document(webhook: Webhook) -> WebhookDocument:
    return WebhookDocument(
        id=webhook.id,
        url=webhook.url,
        kinds=[kind for kind in PUBLISHED_KINDS if kind in webhook.kinds],
        created_at=rfc3339(webhook.created_at),
        previous_secret_until=timestamp(webhook.previous_until),
        disabled_at=timestamp(webhook.disabled_at),
    )


def _with_secret(made: webhooks.WebhookSecret) -> WebhookSecretDocument:
    return WebhookSecretDocument(**_document(made.webhook).model_dump(), secret=made.secret)


def _delivery(delivery: Delivery) -> DeliveryDocument:
    return DeliveryDocument(
        id=delivery.event,
        kind=delivery.kind,
        status=delivery.status,
        created_at=rfc3339(delivery.created_at),
        tries=delivery.tries,
        last_at=timestamp(delivery.last_at),
        last_result=delivery.last_result,
        next_at=timestamp(delivery.next_at),
    )
