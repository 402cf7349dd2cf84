"""Compile the templates of pages and letters while the layer is built, so that the first request does not wait."""

from pathlib import Path

from jinja2 import FileSystemLoader

from latchkey.console import layout as console_layout
from latchkey.mail import letters
from latchkey.pages import layout
from latchkey.template_loader import COMPILED, SOURCES

for module in (layout, letters, console_layout):
    package_dir = Path(str(module.__file__)).parent
    environment = module.TEMPLATE_ENV.overlay(loader=FileSystemLoader(package_dir / SOURCES))
    environment.compile_templates(
        package_dir / COMPILED, filter_func=lambda name: not name.endswith(".css"), zip=None, ignore_errors=False
    )
