"""A mail server that keeps every mail: `python -m bench.peers.sink PORT FILE`, one JSON line a mail."""

import asyncio
import email
import email.policy
import json
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP


class Keeper:
    """Takes every mail."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Called by aiosmtpd with a whole mail."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body else ""
        self._file.write(json.dumps({"to": envelope.rcpt_tos[0], "text": text}) + "\n")
        return "250 OK"


async def main(port: int, file: Path) -> None:
    """Until somebody ends it."""
    keeper = Keeper(file)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(keeper), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
