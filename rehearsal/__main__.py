"""`python -m rehearsal`: once through a stack's whole life, on this machine."""

import sys

from rehearsal import command

if __name__ == "__main__":
    sys.exit(command.main())
