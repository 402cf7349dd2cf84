"""Compiles the templates of pages and letters while the layer is built: the first request shall not wait for it."""

from pathlib import Path

from jinja2 import FileSystemLoader

from latchkey.mail import letters
from latchkey.pages import layout
from latchkey.template_loader import COMPILED, SOURCES

for module in (layout, letters):
    room = Path(str(module.__file__)).parent
    paper = module.PAPER.overlay(loader=FileSystemLoader(room / SOURCES))
    paper.compile_templates(
        room / COMPILED, filter_func=lambda name: not name.endswith(".css"), zip=None, ignore_errors=False
    )
