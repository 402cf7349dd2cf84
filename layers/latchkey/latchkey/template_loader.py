"""Where pages and letters find their templates: compiled when the layer was built, else as they are written."""

from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, ModuleLoader

SOURCES, COMPILED = "templates", "compiled"
"""Folders of a room."""


def loader_for(room: Path) -> BaseLoader:
    """The templates of the room in this folder."""
    return ChoiceLoader([ModuleLoader(room / COMPILED), FileSystemLoader(room / SOURCES)])
