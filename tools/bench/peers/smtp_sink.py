"""An SMTP server that writes each mail as a line of JSON: `... smtp_sink PORT FILE CERTIFICATE KEY`."""

import asyncio
import email
import email.policy
import json
import ssl
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP


class MailWriter:
    """Accepts every mail and writes it to a file."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Write a mail. aiosmtpd calls this once for each."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body else ""
        self._file.write(json.dumps({"to": envelope.rcpt_tos[0], "text": text}) + "\n")
        return "250 OK"


async def main(port: int, file: Path, certificate: Path, key: Path) -> None:
    """Serve until the process is ended."""
    writer = MailWriter(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(writer, tls_context=context, require_starttls=True), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *map(Path, sys.argv[2:])))
