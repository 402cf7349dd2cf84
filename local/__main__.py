"""`python -m local`: the portal on this machine until Ctrl-C."""

import signal
import sys

# While all the rest is loaded there is nothing to clean up: Ctrl-C just ends us, without a word.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from local import cli  # noqa: E402

if __name__ == "__main__":
    sys.exit(cli.main())
