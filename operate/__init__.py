"""Commands for people who operate a deployed stack: `python -m operate <command>`. Never deployed itself."""

import sys
from pathlib import Path

# the closed lists in `latchkey.rules` are read from the source tree, since the package is not installed
sys.path.append(str(Path(__file__).parents[1] / "layers" / "latchkey"))
