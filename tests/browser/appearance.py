"""Checks of a page's width at several window sizes, and by axe, in light and dark."""

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

from tests.kit.sam_template import PROJECT

AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"


def axe_script() -> str:
    """Return a script that defines `startAxe` and does nothing else, for every page of a window.

    To send axe to each page that is looked at takes longer than its checks.
    """
    return f"window.startAxe = () => {{ {AXE.read_text()} }}"


def check_appearance(page: Page, widths: Sequence[int], height: int, but: Sequence[str] = ()) -> None:
    """Fail if a page is wider than a window, or if axe finds a violation in the light or the dark scheme.

    The page is one of a window that has `axe_script`.
    """
    page.evaluate("startAxe()")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for width in widths:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{scheme} {width}"
        assert violations(page, but) == [], scheme


def violations(page: Page, but: Sequence[str] = ()) -> list[Any]:
    """Return axe-core's violations, and the colour contrasts that it could not determine.

    The page returns these alone. All that axe finds takes longer to transfer than to find.
    """
    found: list[Any] = page.evaluate(
        "but => axe.run({resultTypes: ['violations', 'incomplete'], "
        "rules: Object.fromEntries(but.map(rule => [rule, {enabled: false}]))})"
        ".then(found => [...found.violations, ...found.incomplete.filter(doubt => doubt.id === 'color-contrast')])"
        ".then(rules => rules.map(rule => [rule.id, rule.nodes.map(node => node.html)]))",
        list(but),
    )
    return found
