import json

from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.render.documents import Style
from vpcmetactl.render.text import (
    defused,
    display_width,
    markdown_escaped,
    padded,
    printable,
    printable_json,
    shortened,
    styled,
    wrapped,
)

ANY_TEXT = st.text(st.characters())
PRINTABLE = ANY_TEXT.map(printable)


def test_what_acts_on_a_terminal_is_shown_as_an_escape() -> None:
    assert printable("a\x1b[31mb\nc\x9bd\u202ee\u200bf\u2028g") == (
        r"a\x1b[31mb\nc\x9bd\u202ee\u200bf\u2028g"
    )


def test_letters_of_any_script_are_left_alone() -> None:
    assert printable("Zürich 東京 наумов") == "Zürich 東京 наумов"


@given(ANY_TEXT | st.text(st.characters(categories=["Cs", "Cc", "Cf", "Zl", "Zp"])))
def test_everything_printable_prints(text: str) -> None:
    assert printable(text).isprintable()


@given(ANY_TEXT)
def test_json_made_printable_says_the_same(text: str) -> None:
    raw = json.dumps([text], ensure_ascii=False)
    shown = printable_json(raw)
    assert json.loads(shown) == [text]
    assert not any(0x7F <= ord(char) < 0xA0 or 0x202A <= ord(char) <= 0x202E for char in shown)


def test_east_asian_letters_take_two_columns_and_accents_none() -> None:
    assert [display_width(text) for text in ("web", "東京", "e\u0301")] == [3, 4, 1]


@given(PRINTABLE, st.integers(1, 40))
def test_a_shortened_text_fits_and_shows_that_it_was_shortened(text: str, width: int) -> None:
    short = shortened(text, width)
    assert display_width(short) <= width
    assert short == text or short.endswith("…")


@given(PRINTABLE, st.integers(2, 40))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(display_width(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_wrapping_ends_even_where_nothing_fits() -> None:
    assert wrapped("東京", 1) == ["東", "京", ""]


def test_words_stay_whole_where_they_can() -> None:
    assert wrapped("one two three-and-four five", 9) == ["one two", "three-and", "-four", "five"]


def test_padding_counts_columns_and_not_letters() -> None:
    assert padded("東京", 6) + "|" == "東京  |"
    assert padded("1", 4, right=True) == "   1"


def test_formulas_are_defused_and_other_text_is_not() -> None:
    assert [defused(text) for text in ("=1+1", "+1", "-1", "@x", "a=b", "")] == [
        "'=1+1",
        "'+1",
        "'-1",
        "'@x",
        "a=b",
        "",
    ]


def test_markdown_and_html_lose_their_meaning_but_names_stay_readable() -> None:
    assert markdown_escaped("a|b <c> *d* _e_ [f](g) not_reported `h` &lt;") == (
        r"a\|b \<c\> \*d\* \_e\_ \[f\](g) not_reported \`h\` \&lt;"
    )


def test_a_style_shows_only_where_colour_is_wanted() -> None:
    assert styled("x", Style.BAD, color=True) == "\x1b[31mx\x1b[0m"
    assert styled("x", Style.BAD, color=False) == "x"
    assert styled("", Style.BAD, color=True) == ""
