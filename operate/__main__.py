"""`python -m operate`: one command about one stack."""

import sys

from operate import cli

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:]))
