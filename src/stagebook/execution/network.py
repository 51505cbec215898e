"""Addresses of the network: which of them lead out of this machine."""

import ipaddress
import os
import socket
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")
_LOCAL_NAMES = ("localhost", "ip6-localhost", "localhost.localdomain")


def leads_out(host: Any, port: Any, proxies: Iterable[int]) -> bool:
    """Whether a connection to a host leaves this machine.

    Args:
        host: A name or an address, as text or bytes; None and an empty one are this machine.
        port: Its port; None if it is not known.
        proxies: Ports of this machine on which a proxy passes connections on.
    """
    name = text_of(host)
    return not _is_local(name) or (port in set(proxies))


def text_of(host: Any) -> str:
    """The text of a host, without the zone of an address and without the dot at its end."""
    text = host.decode(errors="replace") if isinstance(host, bytes | bytearray) else str(host or "")
    return text.partition("%")[0].rstrip(".").lower()


def is_address(host: Any) -> bool:
    """Whether a host is given by its address and not by its name."""
    return _address(text_of(host)) is not None


def target(host: Any, port: Any) -> str:
    """A host with its port, as ``example.org:443`` or ``[2001:db8::1]:443``."""
    name = text_of(host)
    if port in (None, 0, "", "0"):
        return name
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def local_proxies(environment: Mapping[str, str]) -> tuple[int, ...]:
    """Ports of this machine on which a proxy listens, by the variables that name proxies."""
    ports = set()
    for name, value in environment.items():
        if name.lower() in _PROXIES:
            try:
                address = urlsplit(value if "//" in value else f"//{value}")
                if address.port and _is_local(text_of(address.hostname)):
                    ports.add(address.port)
            except ValueError:  # not an address
                continue
    return tuple(sorted(ports))


def _is_local(name: str) -> bool:
    if name in ("", *_LOCAL_NAMES, os.uname().nodename.lower()) or name.endswith(".localhost"):
        return True
    address = _address(name)
    if address is None:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:  # the short forms that the C library understands, such as 127.1
        return ipaddress.IPv4Address(socket.inet_aton(name)) if name[:1].isdigit() else None
    except OSError:
        return None
