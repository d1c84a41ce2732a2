"""Where a server reaches its metadata service (platform notes 5.1)."""

import re
from typing import NamedTuple, Optional
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?|(?=.*:)[0-9A-Fa-f:.]{2,45}"
)
_PATH = re.compile(r"[A-Za-z0-9/_.~-]*")
# Longer than any address of a service, and no longer than a proof may hold.
_URL = re.compile(r"[!-~]{1,500}")


class Endpoint(NamedTuple):
    """An address of the service; ``url`` has no slash at its end."""

    url: str

    @property
    def protocol(self) -> str:
        """``http`` or ``https``."""
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        """The name or the IP address, without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port; 80 or 443 where the address names none."""
        return urlsplit(self.url).port or _DEFAULT_PORTS[self.protocol]

    @property
    def authority(self) -> str:
        """The host and, where the address names one, the port: what a ``Host`` header says."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """What goes before the path of every request; most often nothing."""
        return urlsplit(self.url).path


# Https is served by host name only. Only one protocol answers at a time.
ENDPOINTS = (
    Endpoint("http://169.254.169.254"),
    Endpoint("http://api.metadata.cloud.ibm.com"),
    Endpoint("https://api.metadata.cloud.ibm.com"),
)


def endpoint_of(url: str) -> Endpoint:
    """Return the endpoint at an address; raises ValueError with a sentence for the user."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"the address {_unkeyed(url)!r} is not a URL") from None
    wrong = _what_is_wrong(parts, port)
    if not wrong and not _URL.fullmatch(url):
        wrong = "is too long, or holds spaces or characters that no address has"
    if wrong:
        raise ValueError(f"the address {_unkeyed(url)!r} {wrong}")
    return Endpoint(url.rstrip("/"))


def _what_is_wrong(parts: SplitResult, port: Optional[int]) -> str:
    if parts.scheme not in _DEFAULT_PORTS:
        return "does not begin with http:// or https://"
    if "@" in parts.netloc:
        return "holds a user: the service knows none, leave it out"
    if port == 0 or not _HOST.fullmatch(parts.hostname or ""):
        return "names no host that can be asked"
    if parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        return "holds more than a protocol, a host, a port and a plain path"
    return ""


def _unkeyed(url: str) -> str:
    """Return an address without what may be a password."""
    return re.sub(r"//.*@", "//...@", url)
