"""Jinja loaders for the templates of pages and letters: compiled modules in the built layer, source files elsewhere."""

from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, ModuleLoader

SOURCES, COMPILED = "templates", "compiled"
"""Folders inside `package_dir`."""


def loader_for(package_dir: Path) -> BaseLoader:
    """Return a loader for the templates of the package in this folder."""
    return ChoiceLoader([ModuleLoader(package_dir / COMPILED), FileSystemLoader(package_dir / SOURCES)])
