"""A stand-in that does nothing: it answers probes on its ports and says so to whoever asks."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys

DEFAULT_PORTS = (8080, 8081)
TEXT = b"this container is a stand-in of the rehearsal cluster: it answers probes and does nothing else\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"


def listen(port: int) -> socket.socket:
    """A socket that accepts connections on every address."""
    server = socket.create_server(("", port))
    server.setblocking(False)
    return server


def answer(client: socket.socket) -> None:
    """One request is read as far as it came and answered with the text."""
    with client:
        client.settimeout(1)
        try:
            client.recv(65536)
            client.sendall(ANSWER % (len(TEXT), TEXT))
        except OSError:
            return  # a probe that only connects, or a client that left


def serve(ports: tuple[int, ...]) -> None:
    """Answer for ever; plain sockets, because dozens of these run on one machine."""
    with selectors.DefaultSelector() as ready:
        for port in ports:
            ready.register(listen(port), selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                client, _ = key.fileobj.accept()  # type: ignore[union-attr]
                answer(client)


def ports_of(arguments: list[str]) -> tuple[int, ...]:
    """The ports among the arguments; whatever else a manifest passes to the original program is let be.

    >>> ports_of(["--config=/x", "8443", "9000"])
    (8443, 9000)
    """
    given = tuple(int(word) for word in arguments if word.isdigit())
    named = tuple(int(word) for word in os.environ.get("IDLE_PORTS", "").split() if word.isdigit())
    return given or named or DEFAULT_PORTS


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # pid 1 has no default handler
    serve(ports_of(sys.argv[1:]))
