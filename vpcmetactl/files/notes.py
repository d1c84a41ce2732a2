"""Notes beside a change, from and to their shapes."""

from collections.abc import Sequence

from vpcmetactl.domain.plans import Note
from vpcmetactl.files import shapes


def note_shapes(notes: Sequence[Note]) -> tuple[shapes.Note, ...]:
    """Return notes as a file holds them."""
    return tuple(shapes.Note(note.code, note.message, note.hcl) for note in notes)


def notes_from(notes: Sequence[shapes.Note]) -> tuple[Note, ...]:
    """Return the notes that a file holds."""
    return tuple(Note(note.code, note.message, note.hcl) for note in notes)
