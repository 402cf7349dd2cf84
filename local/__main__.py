"""Entry point of `python -m local`: runs the portal on this machine until Ctrl-C."""

import signal
import sys

# Ctrl-C during the imports ends the process without a traceback, because there is nothing to clean up yet.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from local import cli  # noqa: E402

if __name__ == "__main__":
    sys.exit(cli.main())
