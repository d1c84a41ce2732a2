"""A bundle of one certificate for clients of the SDK, which are made and thrown away by the score.

The SDK loads all of certifi's bundle whenever a session of its own is made. The program puts its
own session in that one's place at once, so nothing was ever verified with it; loading took most of
what it takes to open the cloud. What the program itself trusts is not touched.
"""

from pathlib import Path

import certifi
import requests.certs

_END = "-----END CERTIFICATE-----\n"


def trust_one(file: Path) -> None:
    """Write the first certificate of the bundle into this file, and have the SDK load that."""
    first, end, _ = Path(certifi.where()).read_text(encoding="utf-8").partition(_END)
    file.write_text(first + end, encoding="utf-8")
    requests.certs.where = lambda: str(file)  # type: ignore[attr-defined]
