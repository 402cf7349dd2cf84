"""QR codes of addresses, as inline SVG."""

from functools import lru_cache

from markupsafe import Markup

QUIET_ZONE = 4
"""Light modules around the code (ISO/IEC 18004). Without them a camera does not find it."""


@lru_cache(maxsize=16)
def qr_code(address: str, label: str) -> Markup:
    """Return the QR code of an address as an SVG element without script and style, named by `label`.

    It is black on white in every colour scheme, because some cameras read no inverted code. It corrects errors of 15 %
    of its area (level M), for paper that is folded or copied.

    :raises ValueError: the address has more than 2,331 bytes.
    """
    import segno  # loaded here, because only two pages have a code

    rows = segno.make(address, error="m", micro=False, boost_error=False).matrix
    path = "".join(_row(row, number + QUIET_ZONE) for number, row in enumerate(rows))
    size = len(rows) + 2 * QUIET_ZONE
    return Markup(
        '<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}" '
        'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{}v{}H0z"/><path stroke="#000" d="{}"/></svg>'
    ).format(label, size, size, size * 4, size * 4, size, size, path)


def _row(row: bytearray, top: int) -> str:
    """Return the dark runs of a row as horizontal lines of an SVG path."""
    lines, start = [], None
    for column, dark in enumerate((*row, 0)):
        if dark and start is None:
            start = column
        elif not dark and start is not None:
            lines.append(f"M{start + QUIET_ZONE} {top}.5h{column - start}")
            start = None
    return "".join(lines)
