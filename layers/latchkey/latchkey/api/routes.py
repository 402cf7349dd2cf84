"""Routes that say who may use them, and every answer they give."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from latchkey.api.documents import GatewayMessage, Problem
from latchkey.rules import refusals
from latchkey.rules.members import Role
from latchkey.rules.refusals import Refusal
from latchkey.web.refusals import PROBLEMS
from latchkey.web.requests import JSON, PROBLEM

BASE = "/admin/v1/practices/{practice}"

COMMON_REFUSALS: tuple[type[Refusal], ...] = (
    refusals.BodyInvalid,
    refusals.TokenRefused,
    refusals.RoleMissing,
    refusals.RecordNotFound,
    refusals.BodyTooLarge,
    refusals.Unavailable,
)
"""What any route may answer."""
IDEMPOTENCY_REFUSALS: tuple[type[Refusal], ...] = (refusals.IdempotencyInProgress, refusals.IdempotencyKeyReused)
"""What a route that takes an idempotency key may answer besides."""
GATEWAY = (401, 403, 404, 413, 429, 503)
"""Statuses that API Gateway may also answer by itself, before any function is asked."""


@dataclass(frozen=True, slots=True)
class RouteRule:
    """What has to be known of a route before its body is looked at."""

    role: Role
    """The least that may use it."""
    idempotent: bool
    """Takes `Idempotency-Key`."""
    may_create_practice: bool
    """The practice need not exist yet."""


class ResourceRoutes(Router):
    """The routes of one noun."""

    def __init__(self, noun: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.noun = noun
        self.rules: dict[str, RouteRule] = {}
        """By method and path, as the template writes them."""

    def on[**P, R](
        self,
        key: str,
        role: Role,
        *,
        gives: Mapping[int, type | None],
        refuses: Iterable[type[Refusal]] = (),
        sends: bool = False,
        founds: bool = False,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Answer `key` (a method, and a path below the practice) for those who have the role.

        `gives` are the documents of success by status, the usual one first; `refuses` is what may be refused beyond
        what every route refuses.
        """
        method, _, path = key.partition(" ")
        refused = (*COMMON_REFUSALS, *(IDEMPOTENCY_REFUSALS if sends else ()), *refuses)
        self.rules[f"{method} {BASE}{path}"] = RouteRule(role, sends, founds)

        def register(function: Callable[P, R]) -> Callable[P, R]:
            summary, _, rest = (function.__doc__ or "").partition("\n")
            self.route(
                path.replace("{", "<").replace("}", ">") or "/",
                method,
                summary=summary,
                description=" ".join(rest.split()) or None,
                responses=_responses(gives, refused),
                status_code=next(iter(gives)),
                tags=[self.noun],
                operation_id=function.__name__,
            )(function)
            return function

        return register


def _responses(gives: Mapping[int, type | None], refused: Iterable[type[Refusal]]) -> dict[int, Any]:
    """What OpenAPI is told of a route's answers."""
    told: dict[int, Any] = {
        status: {"description": "Done", "content": {JSON: {"model": model}} if model else {}}
        for status, model in gives.items()
    }
    for status in sorted({PROBLEMS[refusal].status for refusal in refused} | set(GATEWAY)):
        titles = {
            PROBLEMS[refusal].code: PROBLEMS[refusal].title for refusal in refused if PROBLEMS[refusal].status == status
        }
        said = [f"`{code}`: {title}." for code, title in titles.items()]
        content: dict[str, Any] = {PROBLEM: {"model": Problem}} if titles else {}
        if status in GATEWAY:
            said.append("As `message`: API Gateway refused it by itself.")
            content[JSON] = {"model": GatewayMessage}
        told[status] = {"description": " ".join(said), "content": content}
    return told
