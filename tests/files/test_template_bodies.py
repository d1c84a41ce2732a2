"""A template's body is for its owner's eyes only."""

import json
import os
from pathlib import Path

import pytest

from vpcmetactl.domain.errors import OutputError
from vpcmetactl.files.template_bodies import write_template_body

BODY = {"name": "worker", "user_data": "geheim ü"}


@pytest.mark.parametrize("before", [None, 0o644, 0o400])
def test_only_the_owner_can_read_it_whatever_was_there(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "body.json"
    if before is not None:
        path.write_text("old")
        path.chmod(before)
    write_template_body(path, BODY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == BODY
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_not_written_where_others_could_read_it(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(OutputError, match="no regular file"):
        write_template_body(path, BODY)


@pytest.mark.parametrize("name", ["missing/body.json", "a\0b", "x" * 300])
def test_what_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError) as caught:
        write_template_body(tmp_path / name, BODY)
    assert "geheim" not in str(caught.value)
