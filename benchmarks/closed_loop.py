"""Sends requests to a server in a closed loop, as cheaply as Python can; prints what came of it.

Each client is a thread with one connection, which sends its next request when the last one was
answered. Standard input describes the load in JSON.
"""

import json
import socket
import sys
import threading
import time


class Client:
    """A connection that sends one request after the other.

    Args:
        port: The server's port on 127.0.0.1.
        requests: Whole HTTP requests, which are sent in turn.
        start: The place of the first one.
    """

    def __init__(self, port: int, requests: list[bytes], start: int) -> None:
        self.latencies: list[float] = []
        self.sent = 0
        self._requests = requests
        self._start = start
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send_until(self, end: float, *, keep: bool) -> None:
        """Sends requests until an instant of ``time.perf_counter``."""
        while (start := time.perf_counter()) < end:
            self._socket.sendall(self._requests[(self._start + self.sent) % len(self._requests)])
            self.sent += 1
            self._receive()
            if keep:
                self.latencies.append(time.perf_counter() - start)

    def _receive(self) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._some()
        head, _, content = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        if lines[0].split(b" ")[1] != b"200":
            raise ValueError(data.decode())
        (length,) = (int(line[15:]) for line in lines[1:] if line.startswith(b"content-length:"))
        received = len(content)
        while received < length:
            received += len(self._some())

    def _some(self) -> bytes:
        data = self._socket.recv(65_536)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        return data


def request(path: str, body: str) -> bytes:
    """The bytes of a request."""
    content = body.encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def main() -> None:
    """Warms the server up, and then measures."""
    load = json.load(sys.stdin)
    requests = [request(load["path"], body) for body in load["bodies"]]
    clients = [Client(load["port"], requests, 7 * place) for place in range(load["clients"])]
    start = 0.0
    for keep, seconds in ((False, load["seconds"] / 4), (True, load["seconds"])):
        start = time.perf_counter()
        threads = [
            threading.Thread(
                target=client.send_until, args=(start + seconds,), kwargs={"keep": keep}
            )
            for client in clients
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    elapsed = time.perf_counter() - start
    latencies = sorted(each for client in clients for each in client.latencies)
    if not latencies:
        sys.exit("no request was answered")
    milliseconds = [1000 * latencies[int(share * len(latencies))] for share in (0.5, 0.99)]
    sent = sum(client.sent for client in clients)
    figures = (sent, len(latencies) / elapsed, *milliseconds)
    print(json.dumps(dict(zip(("requests", "rate", "p50", "p99"), figures, strict=True))))


if __name__ == "__main__":
    main()
