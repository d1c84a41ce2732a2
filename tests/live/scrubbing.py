"""Recordings without anything of the account's: what is not known to be harmless is replaced.

The same value is replaced by the same word wherever it stands, in bodies, addresses and headers,
so that a recording can be replayed. Numbers, ``true`` and ``false`` stay, and so do words of IBM's
own: names of properties, values of a few enumerations, codes of errors, regions and zones.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from tests.live.reading import NO_SERVER
from vpcmetactl.domain.identifiers import BUILT_IN_REGIONS

REDACTED = "<redacted>"
# What these hold is not even replaced by a word: nothing of it is of use.
_SECRET = frozenset(
    {
        "access_token",
        "apikey",
        "api_key",
        "certificates",
        "encrypted_password",
        "key",
        "keys",
        "nonce",
        "passcode",
        "password",
        "private_key",
        "public_key",
        "refresh_token",
        "token",
        "user_accounts",
        "user_data",
    }
)
_HARMLESS = """
http https instance instances bare_metal_server bare-metal-server is amd64 s390x x86_64
available unavailable running stopped stopping starting pending failed deleting restarting
maintenance reinitializing stable suspended updating waiting ok degraded faulted inapplicable
VSI BMS PVS IKS_SA ROKS_SA CE Profile-CR Profile-SAML EQUALS NOT_EQUALS EQUALS_IGNORE_CASE
NOT_EQUALS_IGNORE_CASE CONTAINS IN resource_group_id resource_group_name resource
instance_group_name region subnet_id vpc_id zone vpc resource_group instance_template
instance_group trusted_profile image volume subnet network_interface true
application/json text/html user serviceid crn tags
"""
_WORDS = frozenset(_HARMLESS.split())
_PLAIN_QUERY = frozenset({"version", "generation", "limit", "pagesize", "profiles", "cr_links"})
_PATHS = """
v1 v3 instances bare_metal_servers instance templates regions vpcs initialization profiles links
rules identities accounts limits identity apikeys details resources search token
"""
_STEPS = frozenset(_PATHS.split())
_CODE = re.compile(r"[A-Za-z0-9_.]{1,60}")
_KEY = re.compile(r"[A-Za-z][A-Za-z_]{0,59}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d{4})")
_PLACE = re.compile(rf"({'|'.join(BUILT_IN_REGIONS)})(-\d{{1,2}})?")
_IBM = re.compile(r"([a-z0-9-]+\.)*cloud\.ibm\.com")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# What stands before a UUID in an identifier of IBM's.
_PREFIX = re.compile(r"[0-9a-z]{4}[_-]|Profile-|ClaimRule-|CRLink-|ApiKey-|iam-|IBMid-")
_HEADERS = frozenset({"content-type", "etag", "retry-after"})


@dataclass
class Scrubber:
    """Replaces, and remembers by what: one for everything that is recorded together."""

    _known: dict[str, str] = field(default_factory=dict)

    def document(self, found: Any, key: str = "") -> Any:  # noqa: ANN401 - whatever JSON holds
        """Return JSON with its shape, numbers and harmless words, and with other text replaced."""
        if key.lower() in _SECRET and found not in (None, [], {}):
            return REDACTED
        match found:
            case dict():
                return {self._key(name): self.document(found[name], name) for name in found}
            case list():
                return [self.document(one, key) for one in found]
            case str():
                return self.text(found, key)
            case _:
                return found

    def _key(self, name: str) -> str:
        return name if _KEY.fullmatch(name) else self._word(name)

    def text(self, text: str, key: str = "") -> str:
        """Return a text that may be known."""
        if text in _WORDS or _PLACE.fullmatch(text) or text in ("", NO_SERVER):
            return text
        if key in {"code", "message_code"} and _CODE.fullmatch(text):
            return text
        return self._replaced(text, key)

    def _replaced(self, text: str, key: str) -> str:
        if _MOMENT.fullmatch(text):
            return "2026-01-01T00:00:00Z" if text.endswith("Z") else "2026-01-01T00:00+0000"
        if text.startswith("crn:"):
            return self._crn(text)
        if text.startswith(("https://", "http://")):
            return self.address(text)
        return self._search(text) if key == "query" else self._word(text)

    def _word(self, text: str) -> str:
        if text not in self._known:
            number = len(self._known) + 1
            self._known[text] = _in_place_of(text, number)
        return self._known[text]

    def _crn(self, text: str) -> str:
        """Keep what kind of thing it is and where; IBM's own CRNs have ten parts."""
        parts = text.split(":", 9)
        if len(parts) != 10:
            return self._word(text)
        scope = parts[6]
        scope = f"a/{self._word(scope[2:])}" if scope.startswith("a/") else self._word(scope)
        kinds = [one if one in _CRN_WORDS or one in _WORDS else self._word(one) for one in parts]
        place = parts[5] if _PLACE.fullmatch(parts[5]) or not parts[5] else self._word(parts[5])
        head = [*kinds[:5], place, scope if parts[6] else ""]
        return ":".join([*head, *kinds[7:9], self._word(parts[9]) if parts[9] else ""])

    def address(self, url: str) -> str:
        """Return an address of IBM's with every part that is not its own replaced."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return self._word(url)
        if not _IBM.fullmatch(host):
            host = f"{self._word(host)}.invalid"
        labels = host.split(".")
        first = labels[0] if self._is_host(labels[0]) else self._word(labels[0])
        host = ".".join([first, *labels[1:]])
        path = "/".join(
            step if step in _STEPS or not step else quote(self.text(unquote(step)), safe=":")
            for step in parts.path.split("/")
        )
        query = urlencode(
            [
                (name if _is_name(name) else self._word(name), self._value(name, value))
                for name, value in parse_qsl(parts.query, keep_blank_values=True)
            ]
        )
        return urlunsplit(("https", host, path, query, ""))

    @staticmethod
    def _is_host(label: str) -> bool:
        return label in {"iam", "api", "private", *BUILT_IN_REGIONS}

    def _value(self, name: str, value: str) -> str:
        plain = name in _PLAIN_QUERY and re.fullmatch(r"[0-9-]{1,10}|true|false", value)
        return value if plain else self.text(value)

    def _search(self, text: str) -> str:
        """Keep the form of a search of ours, and replace what it looks for."""

        def replaced(match: re.Match[str]) -> str:
            return f'"{self.text(match[1])}"'

        form = re.sub(r'"([^"]*)"', '""', text)
        if not re.fullmatch(r'(family:is|type:""|tags:""|AND|OR|[() ])*', form):
            return self._word(text)
        return re.sub(r'"([^"]*)"', replaced, text)

    def headers(self, found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield the few headers that are kept."""
        for name, value in found.items():
            if name.lower() not in _HEADERS:
                continue
            if name.lower() == "etag":
                yield name, self.etag(value)
            elif name.lower() == "retry-after":
                yield name, value if value.isdecimal() else "Thu, 01 Jan 2026 00:00:00 GMT"
            else:
                yield name, self.text(value.partition(";")[0].strip())

    def etag(self, value: str) -> str:
        """Return an ETag that is as weak as it was."""
        weak = "W/" if value.startswith("W/") else ""
        return f'{weak}"{self._word(value)}"'

    def body(self, content: bytes) -> str:
        """Return a body: JSON, or nothing where it is something else."""
        try:
            document = json.loads(content)
        except ValueError:
            return REDACTED if content else ""
        return json.dumps(self.document(document), indent=1, ensure_ascii=False) + "\n"


_CRN_WORDS = frozenset(
    {"", *["crn", "v1", "bluemix", "public", "is", "iam-identity", "profile", "image"]}
)


def _is_name(name: str) -> bool:
    return name in _PLAIN_QUERY or name in {"start", "pagetoken", "account_id", "name"}


def _in_place_of(text: str, number: int) -> str:
    """Return a word of the same form: an identifier stays one, so that programs take it."""
    prefix = _PREFIX.match(text)
    kept = prefix[0] if prefix else ""
    if _UUID.fullmatch(text[len(kept) :]):
        return f"{_as_prefix(kept)}00000000-0000-4000-8000-{number:012d}"
    for form, word in _FORMS:
        if form.fullmatch(text):
            return word.format(number, number % 256)
    try:
        json.loads(text)
    except ValueError:
        return f"text-{number}"
    return json.dumps(f"text-{number}")


_FORMS = (
    (re.compile(r"[0-9a-f]{32}"), "{0:032d}"),
    (re.compile(r"\d+"), "{0}"),
    (re.compile(r"\d{1,3}(\.\d{1,3}){3}"), "192.0.2.{1}"),
    (re.compile(r"[\w.-]+:[\w.-]+"), "key-{0}:value-{0}"),
)


def _as_prefix(kept: str) -> str:
    """Return a prefix that is IBM's word, or a neutral one of the same length."""
    return kept if not re.fullmatch(r"[0-9a-z]{4}[_-]", kept) else "0717" + kept[-1]
