"""`python -m operate`: one command about one stack."""

import sys

from operate import command

if __name__ == "__main__":
    sys.exit(command.main(sys.argv[1:]))
