"""Folders with the templates of the pages under `/local`. They use the portal's style sheet too."""

from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
FOLDERS = (TEMPLATES, TEMPLATES.parents[1] / "layers" / "latchkey" / "latchkey" / "pages" / "templates")
GOOGLE = TEMPLATES / "google"
