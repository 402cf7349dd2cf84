"""A name server for tests, on loopback."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset


@contextmanager
def name_server(records: dict[str, list[str]]) -> Iterator[dns.resolver.Resolver]:
    """A name server with these TXT records, and a resolver that asks it. Other names do not exist."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        over = Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    packet, sender = server.recvfrom(4096)
                except TimeoutError:
                    continue
                query = dns.message.from_wire(packet)
                response = dns.message.make_response(query)
                name = query.question[0].name
                if texts := records.get(name.to_text(omit_final_dot=True)):
                    response.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *(f'"{one}"' for one in texts)))
                else:
                    response.set_rcode(dns.rcode.NXDOMAIN)
                server.sendto(response.to_wire(), sender)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
        yield resolver
        over.set()
        thread.join()
