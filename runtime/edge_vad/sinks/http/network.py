"""Which addresses count as one caller."""

from __future__ import annotations

import ipaddress


def network_of(address: str) -> str:
    """All addresses that one machine may choose from: of IPv6 the first half.

    Example:
        >>> network_of("2001:db8::7"), network_of("::ffff:10.0.0.9")
        ('2001:db8::/64', '10.0.0.9')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
