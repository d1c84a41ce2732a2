"""Configuration files: what they may say, and that nothing in one goes further than an error."""

import re
import string
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.files.configuration import TEMPLATE, Context, read_configuration


def read(folder: Path, text: str) -> dict[str, Context]:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return dict(read_configuration(path))


def test_the_template_says_nothing_until_it_is_uncommented(tmp_path: Path) -> None:
    assert read(tmp_path, TEMPLATE) == {}


def test_every_line_of_the_template_can_be_uncommented(tmp_path: Path) -> None:
    lines = re.findall(r"^# (\w+ = .*)$", TEMPLATE, re.MULTILINE)
    keys = [line.split(" = ")[0] for line in lines]
    sources = {"api_key_file", "api_key_env", "iam_token_env"}
    chosen = [line for line, key in zip(lines, keys, strict=True) if key not in sources]

    [context] = read(tmp_path, "\n".join(["[contexts.prod]", *chosen])).values()

    assert set(keys) == {name for name in Context.__slots__ if name != "name"}
    assert context.trusted_profile == "vpc-auditor"
    assert context.regions == ("us-south", "eu-de")


def test_a_file_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    contexts = read(tmp_path, '[contexts.a]\napi_key_file = "a.key"\nca_bundle = "/etc/ca.pem"')

    assert contexts["a"].api_key_file == tmp_path / "a.key"
    assert contexts["a"].ca_bundle == Path("/etc/ca.pem")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[contexts.a", "is not TOML"),
        ("[context.a]", "there is no key 'context' (did you mean contexts?)"),
        ("contexts = 3", "contexts: must be tables"),
        ("contexts.a = 3", "contexts.a: must be a table"),
        ('[contexts.a]\nregion = ["x"]', "there is no key 'region' (did you mean regions?)"),
        ("[contexts.a]\nregions = []", "contexts.a.regions: must not be empty"),
        ('[contexts.a]\nregions = ["a b"]', "contexts.a.regions[0]: is not of the right form"),
        ('[contexts.a]\nendpoints = "privat"', "'privat' is none of its values"),
        ("[contexts.a]\naccount_id = 5", "contexts.a.account_id: must be text"),
        ("[contexts.a]\ntrusted_profile = false", "leave it out for none"),
        ('[contexts.a]\nmetadata_url = "http://x"', "goes with trusted_profile only"),
        (
            '[contexts.a]\napi_key_env = "A"\ntrusted_profile = true',
            "contexts.a: api_key_env and trusted_profile cannot both be",
        ),
    ],
)
def test_mistakes_name_the_file_and_the_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(tmp_path, text)

    assert str(tmp_path / "config.toml") in str(caught.value)
    assert message in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("key", ["api_key", "apikey", "iam_token", "token", "password", "secret"])
def test_a_secret_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidInputError, match="secrets do not belong here") as caught:
        read(tmp_path, f'[contexts.a]\n{key} = "canary-4711"')

    assert "canary" not in str(caught.value)


_NAMES = st.text(string.ascii_letters + "_-", min_size=1, max_size=12)
_VALUES = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return '"' + "".join(f"\\U{ord(c):08X}" for c in value) + '"'
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case _:
            return repr(value)


@given(
    st.dictionaries(
        st.sampled_from([name for name in Context.__slots__ if name != "name"]) | _NAMES,
        _VALUES,
        max_size=5,
    )
)
def test_whatever_stands_in_a_context_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, object]
) -> None:
    text = "[contexts.a]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())
    folder = tmp_path_factory.getbasetemp()

    with suppress(InvalidInputError):
        [context] = read(folder, text).values()
        assert context.name == "a"
        assert set(table) <= set(Context.__slots__)


_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12
).filter(lambda text: text == text.strip())
_REGIONS = st.lists(st.from_regex(r"[a-z]{2}-[a-z]{2,6}", fullmatch=True), min_size=1, max_size=3)
_RIGHT = st.fixed_dictionaries(
    {},
    optional={
        "account_id": _TEXTS,
        "regions": _REGIONS,
        "exclude_regions": _REGIONS,
        "endpoints": st.sampled_from(["public", "private"]),
        **dict.fromkeys(("vpc_url", "iam_url", "search_url"), _TEXTS),
    },
)
_SOURCE = st.dictionaries(
    st.sampled_from(["api_key_env", "iam_token_env", "trusted_profile"]), _TEXTS, max_size=1
)


@given(st.dictionaries(_NAMES, st.builds(lambda said, source: said | source, _RIGHT, _SOURCE)))
def test_whatever_a_context_says_right_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, tables: dict[str, dict[str, object]]
) -> None:
    lines = [
        line
        for name, said in tables.items()
        for line in (f"[contexts.{name}]", *(f"{key} = {_toml(said[key])}" for key in said))
    ]

    found = read(tmp_path_factory.getbasetemp(), "\n".join(lines))

    assert list(found) == list(tables)
    for name, said in tables.items():
        for key, value in said.items():
            assert getattr(found[name], key) == (tuple(value) if isinstance(value, list) else value)
        silent = set(Context.__slots__) - {"name", *said}
        assert not any(getattr(found[name], key) for key in silent)


@given(
    st.sampled_from(["api_key", "apikey", "iam_token", "token", "password", "secret"]),
    st.lists(
        st.sampled_from(["regions = 3", "region = 1", "endpoints = 'x'", "new = {}"]), unique=True
    ),
    st.sampled_from(['"{}"', "['{}']", "{{ x = '{}' }}", "'''{}'''"]),
)
def test_no_mistake_beside_a_secret_makes_it_told(
    tmp_path_factory: pytest.TempPathFactory, key: str, others: list[str], form: str
) -> None:
    lines = [*others, f"{key} = {form.format('canary-4711')}"]

    with pytest.raises(InvalidInputError, match="secrets do not belong here") as caught:
        read(tmp_path_factory.getbasetemp(), "\n".join(["[contexts.a]", *lines]))

    assert "canary" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "name",
    [
        *("yes", "all", "allow_incomplete", "allow_identity_loss", "assert_full_visibility"),
        *("verdict", "name", "tag", "where", "kind", "vpc", "no_input", "canary"),
    ],
)
def test_nothing_that_chooses_or_permits_can_stand_in_a_context(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match=f"there is no key '{name}'"):
        read(tmp_path, f"[contexts.a]\n{name} = true")


@given(st.binary(max_size=200))
def test_no_bytes_get_further_than_an_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "raw.toml"
    path.write_bytes(content)

    with suppress(InvalidInputError):
        read_configuration(path)
