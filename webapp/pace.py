"""How fast one client, or one address, may go: whoever is too quick waits, nobody else does."""

import ipaddress
import time
from collections.abc import Hashable


class Bucket:
    """A token bucket: `take` returns how long to wait until so much may have been used."""

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second, self.burst = per_second, burst
        self.left, self.at = burst, time.monotonic()

    def take(self, amount: float) -> float:
        """Uses some; the wait in seconds, 0 within the limit."""
        self._fill()
        self.left -= amount
        return max(0.0, -self.left / self.per_second)

    @property
    def is_full(self) -> bool:
        """Whether nothing was taken of late: a new one would be the same."""
        self._fill()
        return self.left >= self.burst

    def _fill(self) -> None:
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.at) * self.per_second)
        self.at = now


class Buckets:
    """A bucket for each of many, made when one first takes and forgotten once full again."""

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second, self.burst = per_second, burst
        self._buckets: dict[Hashable, Bucket] = {}

    def take(self, key: Hashable, amount: float = 1) -> float:
        """Uses some of one's; the wait in seconds."""
        if key not in self._buckets:
            self._buckets[key] = Bucket(self.per_second, self.burst)
        return self._buckets[key].take(amount)

    def sweep(self) -> None:
        """Forgets those who have not come of late."""
        for key in [key for key, bucket in list(self._buckets.items()) if bucket.is_full]:
            del self._buckets[key]

    def __len__(self) -> int:
        return len(self._buckets)


def network(address: str) -> str:
    """What counts as one address: an IPv6 host has 2^64 of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if parsed.version == 6 else address
