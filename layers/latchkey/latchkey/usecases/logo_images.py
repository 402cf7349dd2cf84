"""Decoding and encoding of logos. Only the function Admin has the library (docs/decisions/0018)."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from latchkey.rules.refusals import ValueRefused

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 64 * 1024
"""Bytes of a logo, as it is sent and as it is stored."""
MAX_PIXELS = 4_000_000
"""Pixels of a logo. Decoded, they take 16 MB."""
MAX_SIDE = 4000
LOGO_BOX = (480, 144)
"""Pages show a logo at most 160 by 48 pixels large. Screens have up to three dots for each."""
ICON_SIDE, FAVICON_SIDE = 180, 48
"""The touch icon of iOS, and the icon in tabs and bookmarks, in pixels."""
SIGNATURES = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff"}


@dataclass(frozen=True, slots=True)
class LogoImages:
    """A logo, encoded as PNG in the sizes that pages use."""

    logo: bytes
    icon: bytes
    favicon: bytes
    width: int
    """Pixels of the logo."""
    height: int


def encode(sent: bytes) -> LogoImages:
    """Return the images of a logo that was sent as PNG or JPEG. Nothing of the sent file but its pixels stays.

    :raises ValueRefused: it is too large, another format, damaged, or has too many pixels.
    """
    if len(sent) > MAX_BYTES:
        raise _refused("A logo has 64 KB at most")
    image_format = next((name for name, start in SIGNATURES.items() if sent.startswith(start)), None)
    if image_format is None:
        raise _refused("A logo is a PNG or a JPEG")
    # It takes 60 ms and 10 MB, so only a request with a logo pays for it.
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(sent), formats=[image_format]) as opened:
            # The header tells the size. Decoding a bomb would take all memory.
            if opened.width * opened.height > MAX_PIXELS or max(opened.size) > MAX_SIDE:
                raise _too_many_pixels()
            opened.load()
            image = ImageOps.exif_transpose(opened).convert("RGBA")
    except ValueRefused:
        raise
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError):
        # Pillow's plugins raise all of these for damaged files.
        raise _refused("The image is damaged") from None
    logo = image.copy()
    logo.thumbnail(LOGO_BOX)
    encoded = _small_png(logo)
    icon = ImageOps.pad(image, (ICON_SIDE, ICON_SIDE), color=(255, 255, 255, 255))
    white = Image.new("RGBA", icon.size, (255, 255, 255, 255))
    white.alpha_composite(icon)
    favicon = ImageOps.pad(image, (FAVICON_SIDE, FAVICON_SIDE), color=(255, 255, 255, 0))
    return LogoImages(encoded, _small_png(white), _small_png(favicon), logo.width, logo.height)


def _small_png(image: "Image") -> bytes:
    """Return an image as PNG. If it would be too large, it gets at most 256 colours."""
    png = _png(image)
    return png if len(png) <= MAX_BYTES else _png(image.quantize(256))


def _png(image: "Image") -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG", optimize=True)
    return target.getvalue()


def _too_many_pixels() -> ValueRefused:
    return _refused(f"A logo has {MAX_PIXELS} pixels at most, and {MAX_SIDE} on each side")


def _refused(problem: str) -> ValueRefused:
    return ValueRefused((("body", problem),))
