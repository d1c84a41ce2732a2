"""Where a result goes: stdout, and the files of ``-o FORMAT=FILE``."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TextIO, TypeVar

from vpcmetactl.cli.context import App
from vpcmetactl.cli.plain_output import file_of, has_stdout
from vpcmetactl.cli.terminal import settle_stdout
from vpcmetactl.domain.errors import InvalidInputError, OutputError, UntoldError, VpcmetactlError
from vpcmetactl.render.choices import parse_columns, parse_sort
from vpcmetactl.render.documents import Trailer
from vpcmetactl.render.options import Format, OutputOptions, formats_of

ValueT = TypeVar("ValueT")

_FILE_WIDTH = 80
# GitHub takes a summary of 1 MiB from a step.
_SUMMARY_ROOM = 1_000_000
_WITH_REMARKS = (Format.TABLE, Format.WIDE, Format.MARKDOWN)


@dataclass(frozen=True, slots=True)
class Target:
    """One ``-o``: a format, and a file where it does not go to stdout."""

    format: Format
    path: Path | None = None

    @property
    def word(self) -> str:
        """How ``-o`` names it."""
        return self.format if self.path is None else f"{self.format}={self.path}"


@dataclass(frozen=True, slots=True)
class OutputChoice:
    """Every ``-o`` of a command, and how its result is to be shaped."""

    targets: tuple[Target, ...]
    shape: OutputOptions

    @property
    def remarks_on_stdout(self) -> bool:
        """Whether what goes to stdout tells in words what is missing from it."""
        return any(t.path is None and t.format in _WITH_REMARKS for t in self.targets)

    def shape_for(self, target: Target) -> OutputOptions:
        """Return the shape without what is meant for other targets of the same command."""
        return replace(
            self.shape,
            query=self.shape.query if target.format is Format.JSON else None,
            columns=self.shape.columns if target.format.has_columns else (),
            width=self.shape.width if target.path is None else _FILE_WIDTH,
            color=self.shape.color and target.path is None,
        )


def read_output(app: App, kind: str, given: dict[str, Any]) -> OutputChoice:
    """Take the output options out of a command's parameters.

    Raises InvalidInputError for a format, field or combination that cannot be.
    """
    query = given.pop("query", None)
    targets = _targets(given.pop("output"), query, kind)
    shape = OutputOptions(
        query=query,
        sort=parse_sort([given.pop("sort") or ""], kind),
        columns=parse_columns([given.pop("columns") or ""], kind),
        limit=given.pop("limit", None),
        width=app.terminal.width,
        color=app.terminal.color,
    )
    _check_use(targets, shape)
    if query is not None:
        # Imported here: few commands are given a query.
        from vpcmetactl.render.query import Query  # noqa: PLC0415

        Query(query)
    return OutputChoice(targets, shape)


def _check_use(targets: Sequence[Target], shape: OutputOptions) -> None:
    """Refuse an option that none of the targets has a use for."""
    formats = " and ".join(target.format for target in targets)
    if shape.query is not None and not any(t.format is Format.JSON for t in targets):
        raise InvalidInputError(
            f"--query shapes JSON, and the output is {formats}", hint="add --output json"
        )
    if shape.columns and not any(target.format.has_columns for target in targets):
        raise InvalidInputError(
            f"--columns means nothing to {formats}",
            hint="it goes with table, wide, csv and markdown; json has --query",
        )


def _targets(words: Sequence[str], query: str | None, kind: str) -> tuple[Target, ...]:
    targets = [_target(word, kind) for word in words]
    if has_stdout([(target.format, target.path) for target in targets]):
        return tuple(targets)
    shaped = query is not None and not targets
    return (Target(Format.JSON if shaped else Format.TABLE), *targets)


def _target(word: str, kind: str) -> Target:
    name = word.partition("=")[0]
    try:
        format_ = Format(name.lower())
    except ValueError:
        raise InvalidInputError(
            f"--output {word}: there is no format {name!r}", hint=_formats_meant(name, kind)
        ) from None
    if format_ not in formats_of(kind):
        raise InvalidInputError(
            f"--output {word}: only audit run has this format",
            hint=f"the formats here are {', '.join(formats_of(kind))}",
        )
    path = file_of(word)
    return Target(format_, Path(path) if path else None)


def _formats_meant(name: str, kind: str) -> str:
    from vpcmetactl.domain.suggestions import nearest  # noqa: PLC0415 - for a mistake alone

    known = [str(one) for one in formats_of(kind)]
    near = nearest(name, known)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return f"{meant}the formats are {', '.join(known)}"


@dataclass(frozen=True, slots=True)
class _File:
    """A file being written: beside its name until it is complete, unless it is a device."""

    path: Path
    stream: TextIO
    temporary: Path | None

    @classmethod
    def open(cls, path: Path, *, appends: bool = False) -> "_File":
        try:
            if appends or (path.exists() and not path.is_file()):
                return cls(path, path.open("a", encoding="utf-8", newline=""), None)
            path = path.resolve()  # a link stays, and what it points to is replaced
            descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
            os.fchmod(descriptor, mode)
        except OSError as error:
            raise _cannot_write(path, error) from None
        return cls(path, os.fdopen(descriptor, "w", encoding="utf-8", newline=""), Path(name))

    def keep(self) -> None:
        """Put the file in its place."""
        try:
            self.stream.close()
            if self.temporary is not None:
                self.temporary.replace(self.path)
        except OSError as error:
            raise _cannot_write(self.path, error) from None

    def discard(self) -> None:
        """Take away what was written, unless it was kept."""
        with suppress(OSError):
            self.stream.close()
        if self.temporary is not None:
            self.temporary.unlink(missing_ok=True)


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"--output: {path}: {error.strerror}", hint="nothing was written to it")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@dataclass(slots=True)
class _Destination:
    """A target with the sink that writes to it, and why it cannot any more."""

    target: Target
    sink: Any
    file: _File | None
    stdout: TextIO
    failure: BrokenPipeError | OutputError | None = None

    def flush(self) -> None:
        """Send what stdout holds back on its way."""
        if self.file is None:
            with _explained(None):
                self.stdout.flush()

    def keep(self) -> None:
        """Complete the file, or send the rest on its way."""
        if self.file is not None:
            self.file.keep()
        self.flush()


@contextmanager
def _explained(path: Path | None) -> Iterator[None]:
    """Turn what the system says into an OutputError; a closed pipe is none."""
    try:
        yield
    except OSError as error:
        raise _explanation(path, error) from None


def _explanation(path: Path | None, error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return error
    if path is not None:
        return _cannot_write(path, error)
    return OutputError(f"stdout cannot be written to: {error.strerror}")


@dataclass(slots=True)
class Emitter(Generic[ValueT]):
    """Takes the items of a result, and its trailer at the end, to every target.

    ``patient`` is set once changes are being made: they are finished even where nobody can be
    told, and what could not be written is an error at the end.
    """

    places: Sequence[_Destination]
    finished: bool = False
    patient: bool = False

    def item(self, value: ValueT) -> None:
        """Take one item to every target."""
        self._each(lambda place: place.sink.item(value))

    def flush(self) -> None:
        """Let a reader at the other end of a pipe see what there is so far."""
        self._each(_Destination.flush)

    def end(self, trailer: Trailer) -> None:
        """Complete the result, once."""
        self.finished = True
        self._each(lambda place: place.sink.end(trailer))

    def keep(self) -> None:
        """Put every file in its place, and raise what patience has held back."""
        self._each(_Destination.keep)
        for failure in (place.failure for place in self.places):
            if isinstance(failure, OutputError):
                raise UntoldError(
                    f"the changes were made, and what became of them cannot be told: {failure}",
                    hint="the journal has it; read the servers to see them as they are",
                )
            if failure is not None:
                settle_stdout()

    def _each(self, step: Callable[[_Destination], None]) -> None:
        for place in self.places:
            if place.failure is None:
                try:
                    step(place)
                except (BrokenPipeError, OutputError) as error:
                    if not self.patient:
                        raise
                    place.failure = error


@contextmanager
def failures_told(app: App, kind: str, words: Sequence[str]) -> Iterator[None]:
    """Write an error as JSON where that was asked for on stdout.

    For what is wrong before ``emitter`` has opened its targets; ``words`` are those of ``-o``.
    """
    try:
        yield
    except VpcmetactlError as error:
        if "json" in (word.lower() for word in words):
            from vpcmetactl.render.envelope import render_failure  # noqa: PLC0415 - only now

            trailer = Trailer(
                generated_at=app.clock.now(), exit_code=error.exit_code, errors=[error]
            )
            with suppress(OSError):  # what is raised below is told on stderr in any case
                render_failure(Format.JSON, kind, trailer, _write_to(app.terminal.stdout))
        raise


def _write_to(stream: TextIO) -> Callable[[str], None]:
    def write(text: str) -> None:
        stream.write(text)

    return write


@contextmanager
def emitter(app: App, view: Any, choice: OutputChoice) -> Iterator[Emitter[Any]]:
    """Open every target, and complete or discard what was written to it.

    An error on the way is written as a JSON document where JSON was asked for; other formats say
    nothing, and a file that stood there before stays as it was.
    """
    with ExitStack() as stack:
        with failures_told(app, view.kind, [target.word for target in choice.targets]):
            places = [_open(app, view, choice, target, stack) for target in choice.targets]
        out: Emitter[Any] = Emitter(places)
        try:
            yield out
        except VpcmetactlError as error:
            with suppress(BrokenPipeError, OutputError):
                if out.finished:
                    out.keep()
                else:
                    _end_in_failure(app, out.places, error)
            raise
        out.keep()


def _open(
    app: App, view: Any, choice: OutputChoice, target: Target, stack: ExitStack
) -> _Destination:
    # Imported here: usage errors come before, and must not pay for msgspec and tabulate.
    from vpcmetactl.render.sinks import open_sink  # noqa: PLC0415

    is_summary = _is_step_summary(app, target)
    file = _File.open(target.path, appends=is_summary) if target.path else None
    if file is not None:
        stack.callback(file.discard)
        if is_summary and file.path.stat().st_size:
            file.stream.write("\n\n")  # right below a paragraph a table would be a part of it
    stream = file.stream if file else app.terminal.stdout

    def write(text: str) -> None:
        # Not ``with _explained``: this is called for each of hundreds of thousands of lines.
        try:
            stream.write(text)
        except OSError as error:
            raise _explanation(target.path, error) from None

    shape = choice.shape_for(target)
    if is_summary:
        shape = replace(shape, room=_SUMMARY_ROOM)
    sink = open_sink(view, target.format, shape, write)
    sink.start()
    return _Destination(target, sink, file, app.terminal.stdout)


def _is_step_summary(app: App, target: Target) -> bool:
    """Whether a target is what a step of a GitHub workflow adds its summary to."""
    summary = app.settings.environ.get("GITHUB_STEP_SUMMARY")
    return bool(summary) and target.path is not None and str(target.path) == summary


def _end_in_failure(app: App, places: Sequence[_Destination], error: VpcmetactlError) -> None:
    trailer = Trailer(generated_at=app.clock.now(), exit_code=error.exit_code, errors=[error])
    for place in places:
        if place.target.format is Format.JSON:
            place.sink.end(trailer)
            place.keep()
