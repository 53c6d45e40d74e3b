"""The figures of `make bench` are what they are said to be."""

from __future__ import annotations

import socket
import threading
import time

from tests.bench.delay import delayed
from tests.bench.measure import against, percentile, table


def test_a_percentile_is_a_value_that_was_seen() -> None:
    values = [float(number) for number in range(1, 41)]
    assert percentile(values, 0.95) == 38
    assert percentile([7.0], 0.95) == 7


def test_a_row_shows_both_times_and_their_ratio() -> None:
    assert table([against("apply", 0.25, 1.0, "0.5")]).splitlines()[-1] == "| apply | 250 ms | 1.0 s | 0.25 | 0.5 |"


def test_the_line_delays_each_way_and_changes_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        with delayed(server.getsockname()[1], 0.1) as port, socket.create_connection(("127.0.0.1", port), 5) as line:
            start = time.monotonic()
            line.sendall(b"ping")
            assert line.recv(4) == b"ping"
            assert time.monotonic() - start >= 0.1


def _echo(server: socket.socket) -> None:
    peer, _ = server.accept()
    with peer:
        peer.sendall(peer.recv(4))
