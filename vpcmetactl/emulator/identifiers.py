"""Identifiers that look like the platform's and come from a seed: the same seed, the same world."""

import hashlib
from dataclasses import dataclass


def uuid_of(digest: str) -> str:
    """Shape the first 32 hexadecimal digits of a digest as a version 4 UUID."""
    variant = "89ab"[int(digest[16], 16) % 4]
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def derived_uuid(owner: str, part: str) -> str:
    """Return the UUID of a part of something: always the same for the same two names."""
    digest = hashlib.blake2b(f"{owner}/{part}".encode(), digest_size=16).hexdigest()
    return uuid_of(digest)


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Names things by what they are, so that the order of creation does not matter."""

    seed: int

    def hex(self, key: str) -> str:
        """Return 32 hexadecimal digits that depend on the seed and the key alone."""
        text = f"{self.seed}/{key}".encode()
        return hashlib.blake2b(text, digest_size=16).hexdigest()

    def uuid(self, key: str) -> str:
        """Return a UUID that depends on the seed and the key alone."""
        return uuid_of(self.hex(key))

    def secret(self, key: str) -> bytes:
        """Return 32 bytes that depend on the seed and the key alone."""
        return hashlib.blake2b(f"{self.seed}/{key}".encode(), digest_size=32).digest()
