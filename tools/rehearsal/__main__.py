"""`python -m tools.rehearsal`: deploy, use, restore and remove a stack on this machine."""

import sys

from tools.rehearsal import cli

if __name__ == "__main__":
    sys.exit(cli.main())
