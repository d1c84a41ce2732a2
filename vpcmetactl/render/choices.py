"""Reading ``--sort`` and ``--columns``, with a suggestion for a word that names no field."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.render.options import SortKey
from vpcmetactl.render.schemas.reading import column_keys, schema_fields, sort_paths


def parse_sort(words: Iterable[str], kind: str) -> tuple[SortKey, ...]:
    """Read words such as ``-created_at,name``; ``-`` sorts from high to low.

    Raises InvalidInputError for what is no field of the items, or one without an order.
    """
    return tuple(
        SortKey(_field(word.removeprefix("-"), kind, "--sort", sort_paths(kind)), word[0] == "-")
        for word in _split(words)
    )


def parse_columns(words: Iterable[str], kind: str) -> tuple[str, ...]:
    """Read words such as ``name,vpc.name``.

    Raises InvalidInputError for what is no field of the items, or an object.
    """
    return tuple(_field(word, kind, "--columns", column_keys(kind)) for word in _split(words))


def near_fields(path: str, known: Sequence[str]) -> Sequence[str]:
    """Return the fields a user may have meant, the likeliest first; at most three."""
    last = path.rpartition(".")[2]
    same_end = [field for field in known if field.rpartition(".")[2] == last]
    beginning = [field for field in known if field.startswith(path)]
    if same_end or beginning:
        return list(dict.fromkeys([*same_end, *beginning]))[:3]
    by_end = {field.rpartition(".")[2]: field for field in reversed(known)}
    close_end = [by_end[end] for end in get_close_matches(last, by_end, n=3)]
    return list(dict.fromkeys([*get_close_matches(path, known, n=3), *close_end]))[:3]


def _split(words: Iterable[str]) -> Sequence[str]:
    return [part.strip() for word in words for part in word.split(",") if part.strip()]


def _field(path: str, kind: str, option: str, allowed: Sequence[str]) -> str:
    if path in allowed:
        return path
    near = near_fields(path, allowed)
    fields = schema_fields(kind)
    if path in fields:
        shape = "an object" if fields[path].is_object else "a list"
        message = f"{option} {path}: it is {shape}, not a single value"
    else:
        message = f"{option} {path}: {kind} have no such field"
    hint = f"did you mean {' or '.join(near)}?" if near else f"the fields are {', '.join(allowed)}"
    raise InvalidInputError(message, hint=hint)
