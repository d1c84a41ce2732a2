"""The configuration file: accounts to work in by name, and where the keys to them are.

Written by hand in TOML. It holds no secrets: a context says where its key is, not what it is.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from vpcmetactl.domain.errors import InvalidInputError, OutputError
from vpcmetactl.domain.restarts import RestartRule
from vpcmetactl.files.mistakes import Mistakes, meant, shown
from vpcmetactl.files.shapes import RegionName, Word, about
from vpcmetactl.files.storage import read_bytes, write_whole

_HINT = "docs/reference/configuration.md has every key; vpcmetactl config init writes a template"
_SOURCES = ("api_key_file", "api_key_env", "iam_token_env", "trusted_profile")
_SECRETS = ("api_key", "apikey", "iam_token", "token", "password", "secret")

Regions = Annotated[tuple[RegionName, ...], Meta(min_length=1)]


class ContextTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account as one caller, by a name."""

    account_id: Annotated[
        Word | UnsetType, about("The account; credentials of another one are refused.")
    ] = UNSET
    api_key_file: Annotated[
        Word | UnsetType, about("A file with the API key, from this file's folder if relative.")
    ] = UNSET
    api_key_env: Annotated[
        Word | UnsetType, about("The environment variable that holds the API key.")
    ] = UNSET
    iam_token_env: Annotated[
        Word | UnsetType, about("The environment variable that holds a ready IAM token.")
    ] = UNSET
    trusted_profile: Annotated[
        Word | bool | UnsetType,
        about(
            "Id, CRN or name of a trusted profile of the server that this runs on, or `true` for "
            "its default one."
        ),
    ] = UNSET
    metadata_url: Annotated[
        Word | UnsetType,
        about("Where that server's metadata service is, if not at http://169.254.169.254."),
    ] = UNSET
    regions: Annotated[Regions | UnsetType, about("The regions meant where none is named.")] = UNSET
    exclude_regions: Annotated[Regions | UnsetType, about("Regions that are never read.")] = UNSET
    endpoints: Annotated[
        Literal["public", "private"] | UnsetType, about("Which of IBM's endpoints to use.")
    ] = UNSET
    restart_rule: Annotated[
        RestartRule | UnsetType,
        about("Which of IBM's two statements about restarts to go by, as `--restart-rule`."),
    ] = UNSET
    vpc_url: Annotated[
        Word | UnsetType, about("Another address of the VPC API, with `{region}` in it.")
    ] = UNSET
    iam_url: Annotated[Word | UnsetType, about("Another address of IAM.")] = UNSET
    search_url: Annotated[Word | UnsetType, about("Another address of Global Search.")] = UNSET
    ca_bundle: Annotated[Word | UnsetType, about("A file of certificates to trust.")] = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the configuration says of one context; ``None`` where it says nothing.

    At most one of ``api_key_file``, ``api_key_env``, ``iam_token_env`` and ``trusted_profile`` is
    there. ``trusted_profile`` is ``""`` for the server's default one.
    """

    name: str
    account_id: str | None = None
    api_key_file: Path | None = None
    api_key_env: str | None = None
    iam_token_env: str | None = None
    trusted_profile: str | None = None
    metadata_url: str | None = None
    regions: tuple[str, ...] = ()
    exclude_regions: tuple[str, ...] = ()
    endpoints: str | None = None
    restart_rule: RestartRule | None = None
    vpc_url: str | None = None
    iam_url: str | None = None
    search_url: str | None = None
    ca_bundle: Path | None = None

    @property
    def credentials_words(self) -> str:
        """Where the credentials come from, without them."""
        if self.trusted_profile is not None:
            which = self.trusted_profile or "the default one"
            return f"the trusted profile of this server ({which})"
        if self.api_key_file is not None:
            return f"the API key in {self.api_key_file}"
        name = self.api_key_env or self.iam_token_env
        if name is None:
            return "those of the environment"
        return f"the {'API key' if self.api_key_env else 'IAM token'} in ${name}"


def read_configuration(path: Path) -> Mapping[str, Context]:
    """Return the contexts of a configuration file, in its order.

    Raises InvalidInputError, naming the file, the key and what may have been meant, for whatever
    is wrong with it, or where it holds a secret.
    """
    mistakes = Mistakes(str(path), _HINT)
    raw = _parse(path)
    for key in raw:
        if key != "contexts":
            mistakes.add("", f"there is no key {shown(key)}{meant(key, ['contexts'])}")
    tables = raw.get("contexts", {})
    if not isinstance(tables, dict):
        mistakes.add("contexts", "must be tables, as in [contexts.prod]")
        tables = {}
    contexts = {
        name: context
        for name, table in tables.items()
        if (context := _context(name, table, mistakes, path.parent)) is not None
    }
    mistakes.check()
    return contexts


def write_template(path: Path) -> None:
    """Write a template in which everything is commented out; raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path.parent}: {error.strerror}", hint="name another file in VPCMETACTL_CONFIG"
        ) from None
    write_whole(path, TEMPLATE.encode())


def _parse(path: Path) -> dict[str, Any]:
    content = read_bytes(path)
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path}: is not UTF-8 text", hint=_HINT) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInputError(f"{path}: is not TOML: {error}", hint=_HINT) from None


def _context(name: str, table: object, mistakes: Mistakes, folder: Path) -> Context | None:
    place = f"contexts.{name}"
    if isinstance(table, dict):
        _refuse_secrets(table, mistakes, place)
    read = mistakes.convert(table, ContextTable, place)
    if read is None:
        return None
    said = {key: value for key, value in msgspec.structs.asdict(read).items() if value is not UNSET}
    _refuse_contradictions(said, mistakes, place)
    if said.get("trusted_profile") is True:
        said["trusted_profile"] = ""
    for key in ("api_key_file", "ca_bundle"):
        if key in said:
            said[key] = folder / Path(said[key]).expanduser()
    return Context(name=name, **said)


def _refuse_secrets(table: dict[str, Any], mistakes: Mistakes, place: str) -> None:
    """Take what must not be here out of a table, so that no message repeats it."""
    for key in _SECRETS:
        if key in table:
            mistakes.add(
                f"{place}.{key}",
                "secrets do not belong here; name a file with api_key_file, or a variable "
                "with api_key_env",
            )
            del table[key]


def _refuse_contradictions(said: dict[str, Any], mistakes: Mistakes, place: str) -> None:
    sources = [key for key in _SOURCES if key in said]
    if len(sources) > 1:
        mistakes.add(place, f"{' and '.join(sources)} cannot both be; keep one")
    if "metadata_url" in said and "trusted_profile" not in said:
        mistakes.add(f"{place}.metadata_url", "goes with trusted_profile only")
    if said.get("trusted_profile") is False:
        mistakes.add(f"{place}.trusted_profile", "is a profile, or true; leave it out for none")


TEMPLATE = """\
# Contexts of vpcmetactl: accounts to work in by name, as in
#
#     vpcmetactl servers list --context prod --context staging
#
# This file holds no secrets: a context says where its key is.

# [contexts.prod]
# account_id = "0123456789abcdef0123456789abcdef"   # credentials of another account are refused
#
# Where the credentials come from: one of these, or else the environment.
# api_key_file = "~/.config/vpcmetactl/prod.key"    # the bare key, or the JSON file IBM Cloud gives
# api_key_env = "PROD_API_KEY"                      # the name of an environment variable
# iam_token_env = "PROD_IAM_TOKEN"                  # the same, of a ready token
# trusted_profile = "vpc-auditor"                   # id, CRN or name; true: the server's default
# metadata_url = "https://api.metadata.cloud.ibm.com"   # where this server's service speaks https
#
# regions = ["us-south", "eu-de"]                   # those meant where none is named
# exclude_regions = ["in-che"]                      # never read
# endpoints = "private"                             # or "public"
# restart_rule = "none"                             # or "faq": whether enabling may want a restart
# ca_bundle = "/etc/ssl/company.pem"
# vpc_url = "https://{region}.iaas.cloud.ibm.com/v1"
# iam_url = "https://iam.cloud.ibm.com"
# search_url = "https://api.global-search-tagging.cloud.ibm.com"
"""
