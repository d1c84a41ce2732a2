"""What ``doctor`` does: one layer after the other, as far as each lets the next be looked at."""

import sys
from collections.abc import Iterator, Sequence

from vpcmetactl import __version__
from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app
from vpcmetactl.cli.progress import ProgressObserver
from vpcmetactl.cli.session import READERS, guard_account
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.domain.diagnosis import Health, Layer, Sight
from vpcmetactl.domain.errors import (
    ExitCode,
    InvalidInputError,
    NotFoundError,
    VpcmetactlError,
)
from vpcmetactl.domain.identifiers import BUILT_IN_REGIONS
from vpcmetactl.domain.suggestions import did_you_mean
from vpcmetactl.render.documents import Scope, Trailer
from vpcmetactl.usecases.diagnosing import Diagnosis, failure, writes
from vpcmetactl.usecases.ports import Caller

# Without these there is nothing that can be read.
_BASE = (Layer.CONFIGURATION, Layer.CREDENTIALS, Layer.NETWORK, Layer.IDENTITY)


def examine(app: App, given: Given) -> ExitCode:
    """Look at every layer, and tell of each whether it is in order."""
    with failures_told(app, "doctor", given["output"]):
        app, options = take_app(app, given, check_contexts=False)
        output = read_output(app, "doctor", given)
    from vpcmetactl.render.views.diagnoses import DOCTOR  # noqa: PLC0415 - usage errors first

    doctor = _Doctor(app, options, given["region"])
    with emitter(app, DOCTOR, output) as out:
        sights = []
        for sight in doctor.look():
            sights.append(sight)
            out.item(sight)
        code = _exit_code(sights)
        scope = Scope(
            accounts=[doctor.account] if doctor.account else [], regions=doctor.regions_read
        )
        out.end(Trailer(generated_at=app.clock.now(), exit_code=code, scope=scope))
    return code


def _exit_code(sights: Sequence[Sight]) -> ExitCode:
    failed = {sight.layer for sight in sights if sight.health is Health.FAILED}
    if failed & set(_BASE):
        return ExitCode.ERROR
    return ExitCode.INCOMPLETE if failed else ExitCode.OK


class _Doctor:
    def __init__(self, app: App, options: CloudOptions, regions: Sequence[str]) -> None:
        self.app = app
        self.options = options
        self.account: str | None = None
        self.regions_read: Sequence[str] = ()
        self._wanted = regions
        self._diagnosis = Diagnosis(app.clock, options.max_workers or READERS)

    def look(self) -> Iterator[Sight]:
        """Give what is seen, outermost last."""
        yield from self._program()
        configured = self._configuration()
        yield configured
        yield self._state()
        if configured.health is Health.FAILED:
            yield from _skipped("the configuration", Layer.CREDENTIALS, Layer.NETWORK)
            yield from _skipped("the configuration", Layer.IDENTITY, Layer.REGIONS, Layer.READS)
        else:
            yield from self._cloud()
        yield from writes()

    def _program(self) -> Iterator[Sight]:
        python = ".".join(map(str, sys.version_info[:3]))
        words = f"vpcmetactl {__version__} on Python {python}"
        yield Sight(layer=Layer.PROGRAM, name="program", health=Health.OK, message=words)
        if not self.app.has_bytecode():
            yield Sight(
                layer=Layer.PROGRAM,
                name="bytecode",
                health=Health.WARNING,
                message="IBM's SDK has no compiled bytecode, so every command compiles it anew",
                remedy="compile it once: python -m compileall on the folder it is installed in, or "
                "let Python write bytecode (PYTHONDONTWRITEBYTECODE)",
            )

    def _configuration(self) -> Sight:
        settings, named = self.app.settings, self.options.contexts
        path = settings.configuration_path
        try:
            contexts = settings.contexts
            (self.options,) = settings.select(self.options)
        except VpcmetactlError as error:
            return failure(Layer.CONFIGURATION, "configuration file", error)
        if contexts:
            words = f"{path} defines {', '.join(contexts)}"
        elif path.exists():
            words = f"{path} defines no context"
        else:
            words = f"{path} is not there, and not needed"
        if named:
            words += f"; {named[0]} is used"
        return Sight(
            layer=Layer.CONFIGURATION, name="configuration file", health=Health.OK, message=words
        )

    def _state(self) -> Sight:
        path = self.app.settings.state_path(self.options)
        if self.options.no_state:
            words, health = "left alone, as --no-state says", Health.SKIPPED
            return Sight(layer=Layer.STATE, name="state file", health=health, message=words)
        try:
            self.app.check_state(self.options)
        except VpcmetactlError as error:
            return failure(Layer.STATE, "state file", error)
        words = f"{path} can be written to"
        return Sight(layer=Layer.STATE, name="state file", health=Health.OK, message=words)

    def _cloud(self) -> Iterator[Sight]:
        settings = self.app.settings
        try:
            words = settings.credentials_words(self.options)
        except VpcmetactlError as error:
            yield failure(Layer.CREDENTIALS, "credentials", error)
            words = ""
        else:
            yield Sight(
                layer=Layer.CREDENTIALS, name="credentials", health=Health.OK, message=words
            )
        yield from self._hosts()
        if not words:
            yield from _skipped("credentials", Layer.IDENTITY, Layer.REGIONS, Layer.READS)
            return
        yield from self._session()

    def _hosts(self) -> Iterator[Sight]:
        settings = self.app.settings
        region = next(iter(self._wanted), BUILT_IN_REGIONS[-1])
        try:
            urls = {
                "IAM": settings.iam_url(self.options),
                f"VPC API in {region}": settings.vpc_url(self.options).replace("{region}", region),
                "Global Search": settings.search_url(self.options),
            }
            with self.app.open_hosts(self.options) as looker:
                yield from self._diagnosis.hosts(looker, urls)
        except VpcmetactlError as error:
            yield failure(Layer.NETWORK, "endpoints", error)

    def _session(self) -> Iterator[Sight]:
        observer = ProgressObserver(self.app.terminal, self.app.clock)
        try:
            with self.app.open_cloud(self.options, observer, READERS) as cloud:
                told, caller = self._diagnosis.caller(cloud.get_caller)
                yield told
                if caller is None:
                    yield from _skipped("the token", Layer.REGIONS, Layer.READS)
                    return
                self.account = caller.account_id
                wrong = self._wrong_account(caller)
                if wrong is not None:
                    yield wrong
                    yield from _skipped("the account", Layer.REGIONS, Layer.READS)
                    return
                listed, known = self._diagnosis.regions(cloud)
                yield listed
                yield from self._wrong_regions(known)
                self.regions_read = self._readable_regions(known)
                yield from self._diagnosis.reads(cloud, self.regions_read, caller.account_id)
        except VpcmetactlError as error:
            yield failure(Layer.IDENTITY, "token", error)
        finally:
            observer.close()

    def _wrong_account(self, caller: Caller) -> Sight | None:
        try:
            guard_account(self.options, caller)
        except VpcmetactlError as error:
            return failure(Layer.IDENTITY, "account", error)
        return None

    def _wrong_regions(self, known: Sequence[str] | None) -> Iterator[Sight]:
        """Tell of the regions that are meant and cannot be read, because of what they are."""
        for region in self._meant:
            if known is not None and region not in known:
                hint = did_you_mean(region, known, "regions")
                error: VpcmetactlError = NotFoundError(f"there is no region {region!r}", hint=hint)
                yield failure(Layer.REGIONS, f"region {region}", error)
            elif region in self._wanted and region in self._excluded:
                error = InvalidInputError(
                    "the context excludes it",
                    hint="take it out of exclude_regions in the configuration file to read it",
                )
                yield failure(Layer.REGIONS, f"region {region}", error)

    def _readable_regions(self, known: Sequence[str] | None) -> Sequence[str]:
        meant = self._meant or known or BUILT_IN_REGIONS
        there = meant if known is None else [region for region in meant if region in known]
        return [region for region in there if region not in self._excluded]

    @property
    def _meant(self) -> Sequence[str]:
        context = self.options.context
        return self._wanted or (context.regions if context else ())

    @property
    def _excluded(self) -> Sequence[str]:
        return self.options.context.exclude_regions if self.options.context else ()


def _skipped(what: str, *layers: Layer) -> Iterator[Sight]:
    for layer in layers:
        yield Sight(
            layer=layer,
            name=layer.value,
            health=Health.SKIPPED,
            message=f"cannot be looked at without {what}",
        )
