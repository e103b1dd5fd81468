"""Slowing down guesses of passwords without locking anybody out.

Failures are counted per account seen from one address, per address, and per account; each count has a
number that is free and then a waiting time that doubles up to a limit. A browser that has signed in to an
account before carries a device cookie (as OWASP describes it) and is counted on its own, so that guesses
from elsewhere never keep the owner out.

Codes of the second factor are counted in the same way, on their own: whoever knows a password alone keeps nobody out
of a browser that they used before. There are a million codes, three of which are good at a time, so from other
browsers an account waits longer between codes than between passwords.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

WINDOW = 3600.0  # seconds without a failure after which a count starts anew


@dataclass(frozen=True, slots=True)
class Source:
    """What failures are counted for: `free` of them cost nothing, then the wait doubles up to `longest` seconds."""

    key: str
    free: int
    longest: float
    first: float = 15.0

    def wait(self, failures: int, latest: float, now: float) -> float:
        """Seconds until the next attempt is looked at."""
        if failures < self.free or now - latest >= WINDOW:
            return 0.0
        pause = min(self.first * 2 ** min(failures - self.free, 16), self.longest)
        return float(max(0.0, latest + pause - now))


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def near(address: str | None) -> str:
    """An address, or the IPv6 network that one customer usually gets whole."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or "unknown"
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def sources(name: str, address: str | None, device: str | None, *, second_factor: bool = False) -> list[Source]:
    """What a failed attempt counts for. `device`: the browser's device cookie, when it is good for this account."""
    account = f"second factor of {name}" if second_factor else name
    if device:
        return [Source(_key("device", account, device), free=5, longest=900)]
    return [
        Source(_key("pair", account, near(address)), free=5, longest=900),
        Source(_key("address", near(address)), free=30, longest=900),
        Source(_key("account", account), free=50, longest=900 if second_factor else 60),
    ]


def wait(counted: dict[str, tuple[int, float]], of: list[Source], now: float) -> float:
    """Seconds to wait: the longest of the sources' waits."""
    return max((source.wait(*counted[source.key], now) for source in of if source.key in counted), default=0.0)
