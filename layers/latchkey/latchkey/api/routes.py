"""Routes: the use case and all responses of each route."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from latchkey.api.problem_documents import GatewayMessage, Problem
from latchkey.http.problems import PROBLEMS
from latchkey.http.requests import JSON, PROBLEM
from latchkey.rules import refusals
from latchkey.rules.members import Role
from latchkey.rules.refusals import Refusal
from latchkey.usecases.declaration import UseCase

STACK_BASE = "/admin/v1"
BASE = f"{STACK_BASE}/practices/{{practice}}"

COMMON_REFUSALS: tuple[type[Refusal], ...] = (
    refusals.BodyInvalid,
    refusals.TokenRefused,
    refusals.RoleMissing,
    refusals.OriginBypassed,
    refusals.RecordNotFound,
    refusals.BodyTooLarge,
    refusals.Unavailable,
)
"""Refusals of every route."""
IDEMPOTENCY_REFUSALS: tuple[type[Refusal], ...] = (refusals.IdempotencyInProgress, refusals.IdempotencyKeyReused)
"""Further refusals of a route that accepts an idempotency key."""
GATEWAY_STATUSES = (401, 403, 404, 413, 429, 503)
"""Statuses that API Gateway may also send itself, before a function runs."""


@dataclass(frozen=True, slots=True)
class RouteRule:
    """The declaration of a route that is needed before its body is read."""

    use_case: UseCase[..., Any]
    content_types: tuple[str, ...] = ()
    """The media types of a body that is no JSON."""
    not_stored: tuple[str, ...] = ()
    """Fields of the response that are null in the stored response to a repeated request."""

    @property
    def role(self) -> Role:
        """The lowest role that may call the route."""
        return self.use_case.role

    @property
    def idempotent(self) -> bool:
        """True if the route accepts `Idempotency-Key`."""
        return self.use_case.idempotent


class ResourceRoutes(Router):
    """The routes of one resource."""

    def __init__(self, resource: str, base: str = BASE) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.resource = resource
        self.base = base
        self.rules: dict[str, RouteRule] = {}
        """Rules by method and path, as in the template."""

    def below(self, base: str, keeps: Callable[[str, RouteRule], bool]) -> "ResourceRoutes":
        """Return the same routes below another base, without those that `keeps` refuses by path and rule."""
        moved = ResourceRoutes(self.resource, base)
        own = {key: rule for key, rule in self.rules.items() if keeps(key.partition(" ")[2], rule)}
        for key, rule in own.items():
            method, _, path = key.partition(" ")
            moved.rules[f"{method} {base}{path.removeprefix(self.base)}"] = rule
        for route, function in self._routes.items():
            path = route[0].replace("<", "{").replace(">", "}")
            if any(f"{method} {self.base}{path if path != '/' else ''}" in own for method in route[1]):
                moved._routes[route] = function
        return moved

    def on[**P, R](
        self,
        key: str,
        use_case: UseCase[..., Any],
        *,
        responses: Mapping[int, type | None],
        refusals: Iterable[type[Refusal]] = (),
        content_types: tuple[str, ...] = (),
        not_stored: tuple[str, ...] = (),
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Return a decorator that registers a route for a use case.

        `key` is a method and a path below the practice. `responses` are the documents of success by status, the usual
        status first. `refusals` are those in addition to `COMMON_REFUSALS`. `content_types` are for a body that is no
        JSON, which the route reads itself.
        """
        method, _, path = key.partition(" ")
        refused = (*COMMON_REFUSALS, *(IDEMPOTENCY_REFUSALS if use_case.idempotent else ()), *refusals)
        self.rules[f"{method} {self.base}{path}"] = RouteRule(use_case, content_types, not_stored)

        def register(function: Callable[P, R]) -> Callable[P, R]:
            summary, _, rest = (function.__doc__ or "").partition("\n")
            self.route(
                path.replace("{", "<").replace("}", ">") or "/",
                method,
                summary=summary,
                description=" ".join(rest.split()) or f"It needs the role {use_case.role.name.lower()}.",
                responses=_openapi_responses(responses, refused),
                status_code=next(iter(responses)),
                tags=[self.resource],
                operation_id=function.__name__,
            )(function)
            return function

        return register


def _openapi_responses(documents: Mapping[int, type | None], refused: Iterable[type[Refusal]]) -> dict[int, Any]:
    """Return a route's responses in the format of OpenAPI."""
    responses: dict[int, Any] = {
        status: {"description": "Done", "content": {JSON: {"model": model}} if model else {}}
        for status, model in documents.items()
    }
    for status in sorted({PROBLEMS[refusal].status for refusal in refused} | set(GATEWAY_STATUSES)):
        titles = {
            PROBLEMS[refusal].code: PROBLEMS[refusal].title for refusal in refused if PROBLEMS[refusal].status == status
        }
        sentences = [f"`{code}`: {title}." for code, title in titles.items()]
        content: dict[str, Any] = {PROBLEM: {"model": Problem}} if titles else {}
        if status in GATEWAY_STATUSES:
            sentences.append("With `message`: API Gateway refused the request itself.")
            content[JSON] = {"model": GatewayMessage}
        responses[status] = {"description": " ".join(sentences), "content": content}
    return responses
