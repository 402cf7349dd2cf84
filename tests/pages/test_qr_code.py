"""Tests of QR codes with an independent decoder."""

import os
import re
import subprocess
import sys

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from latchkey.pages.qr_code import qr_code

PORTAL = "https://portal.example.com/willow"


def read(svg: str, scale: int = 4) -> list[str]:
    """Return the texts of all codes in a picture that is drawn from the SVG's paths."""
    size = int(re.findall(r'viewBox="0 0 (\d+) \1"', svg)[0])
    picture = Image.new("L", (size * scale, size * scale), 128)
    draw = ImageDraw.Draw(picture)
    for paint, path in re.findall(r'<path (fill="#fff"|stroke="#000") d="([^"]+)"/>', svg):
        if paint == 'fill="#fff"':
            assert path == f"M0 0h{size}v{size}H0z"
            draw.rectangle((0, 0, size * scale, size * scale), 255)
        for left, top, width in re.findall(r"M(\d+) (\d+)\.5h(\d+)", path):
            box = (int(left), int(top), int(left) + int(width), int(top) + 1)
            draw.rectangle((box[0] * scale, box[1] * scale, box[2] * scale - 1, box[3] * scale - 1), 0)
    return [found.text for found in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8000/willow",
        PORTAL,
        f"https://{'a' * 60}.{'b' * 60}.example.com/{'c' * 40}",
        "https://portal.example.com/willow?a=1&b=<2>",
        "https://portal.example.com/árbol",
    ],
)
def test_a_camera_reads_the_address(address: str) -> None:
    assert read(qr_code(address, "QR code")) == [address]


def test_a_code_that_is_damaged_can_be_read() -> None:
    svg = str(qr_code(PORTAL, "QR code"))
    top = re.findall(r"M\d+ 20\.5h\d+", svg)
    assert top

    assert read(re.sub(r"M\d+ 20\.5h\d+", "", svg)) == [PORTAL]


def test_a_code_has_a_name_and_nothing_that_the_policy_of_pages_refuses() -> None:
    svg = qr_code(PORTAL, 'QR code of "Willow" <b>')

    assert 'role="img" aria-label="QR code of &#34;Willow&#34; &lt;b&gt;"' in svg
    assert not re.search(r"<style|style=|<script|href|url\(| on\w+=|<image|xmlns", svg)
    assert len(svg) < 6_000


def test_an_address_that_no_code_holds_is_refused() -> None:
    assert qr_code("https://a.example/" + "a" * 2313, "QR code")
    with pytest.raises(ValueError, match="too large"):
        qr_code("https://a.example/" + "a" * 2314, "QR code")


def test_functions_that_show_no_code_do_not_load_its_encoder() -> None:
    """Functions that show no code then start faster."""
    code = "import sys, latchkey.pages, latchkey.pages.qr_code; print('segno' in sys.modules)"
    python, environment = [sys.executable, "-c", code], {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(python, capture_output=True, text=True, check=True, env=environment)  # noqa: S603

    assert ran.stdout == "False\n"
