"""Where the pages beside the portal have their templates; its style sheet is theirs too."""

from pathlib import Path

OWN = Path(__file__).parent / "templates"
FOLDERS = (OWN, OWN.parents[1] / "layers" / "latchkey" / "latchkey" / "pages" / "templates")
GOOGLE = OWN / "google"
