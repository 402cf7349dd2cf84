"""Entry point of `python -m operate`."""

import sys

from operate import cli

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:]))
