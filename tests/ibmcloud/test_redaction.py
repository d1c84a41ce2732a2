"""No credential survives in a text that somebody will read."""

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tokens import a_token
from vpcmetactl.ibmcloud.redaction import Secrets

KEYS = st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), min_size=8)


@given(key=KEYS, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_known_secret_is_hidden_in_every_form_in_which_it_may_be_echoed(
    key: str, before: str, after: str
) -> None:
    secrets = Secrets()
    secrets.add(key)
    for form in (key, quote(key, safe=""), quote_plus(key)):
        assert form not in secrets.hide(f"{before} {form} {after}").replace("<redacted>", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"got {a_token()}!", "got <redacted>!"),
        (f"cut {a_token()[:40]}", "cut <redacted>"),
        ("Authorization: Bearer abcdef123456", "Authorization: <redacted>"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: <redacted>"),
        ("no: http://user:p@ss@proxy:80x", "no: http://<redacted>@proxy:80x"),
        ("nothing to hide", "nothing to hide"),
        ("two\nlines\t and  gaps", "two lines and gaps"),
    ],
)
def test_what_looks_like_a_credential_is_hidden_though_nobody_knows_it(
    text: str, expected: str
) -> None:
    assert Secrets().hide(text) == expected


def test_an_empty_secret_hides_nothing() -> None:
    secrets = Secrets()
    secrets.add("")
    assert secrets.hide("abc") == "abc"
