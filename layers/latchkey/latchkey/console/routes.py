"""Routes of the console: the use cases and the view of each page and each form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from latchkey.console.current import Current
from latchkey.http.responses import Response
from latchkey.usecases.declaration import UseCase

BASE = "/admin/{practice}"

type ConsoleView = Callable[[Current], Response]


@dataclass(frozen=True, slots=True)
class ConsoleRoute:
    """A page, or what a form does."""

    view: ConsoleView
    use_cases: tuple[UseCase[..., Any], ...]
    """The use cases that the view runs. The role of the first is checked before anything is read."""
    page: ConsoleView | None = None
    """For a form: the page that shows it, also with a refusal and what was typed."""
    is_dry_run: bool = False
    """True for a form that changes nothing. It runs each time that it is sent, and its answer is not stored."""


class ConsoleRoutes:
    """The routes of one group of pages, by path and method."""

    def __init__(self) -> None:
        self.by_path: dict[str, dict[str, ConsoleRoute]] = {}

    def get(self, path: str, *use_cases: UseCase[..., Any], base: str = BASE) -> Callable[[ConsoleView], ConsoleView]:
        """Return a decorator that registers a page. `path` is below the practice."""

        def register(view: ConsoleView) -> ConsoleView:
            self.by_path.setdefault(base + path, {})["GET"] = ConsoleRoute(view, use_cases)
            return view

        return register

    def form(
        self,
        path: str,
        *use_cases: UseCase[..., Any],
        page: ConsoleView,
        base: str = BASE,
        is_dry_run: bool = False,
    ) -> Callable[[ConsoleView], ConsoleView]:
        """Return a decorator that registers a form. `page` shows it again after a refusal."""

        def register(view: ConsoleView) -> ConsoleView:
            self.by_path.setdefault(base + path, {})["POST"] = ConsoleRoute(view, use_cases, page, is_dry_run)
            return view

        return register
