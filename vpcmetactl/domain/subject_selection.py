"""Which subjects a rule or a waiver is about, in the words of the command line."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase

from vpcmetactl.domain.servers import Instance, Reference, ServerKind
from vpcmetactl.domain.subjects import Subject

# Whether an expression holds for a subject; ``None`` where that cannot be told.
Predicate = Callable[[Subject], bool | None]

# The rest loses its last letter.
_SINGULAR = {"statuses": "status", "addresses": "address"}
# The id of a VPC or of a resource group, or a CRN: a word that is no name.
_ID = re.compile(r"r[0-9]{3}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|crn:.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectSelector:
    """The subjects meant; everything empty means every subject.

    Several words of a field mean *or*, different fields mean *and*. ``servers`` are ids, CRNs or
    exact names, ``addresses`` globs of Terraform addresses, ``instance_groups`` ids, CRNs or exact
    names; the rest is as in ``ServerSelector``. ``where`` is a JMESPath expression, which cannot be
    evaluated here: ``predicate`` does, and must be there where ``where`` is.
    """

    servers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    kinds: tuple[ServerKind, ...] = ()
    vpcs: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    instance_groups: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    where: str | None = None
    predicate: Predicate | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said, so that every subject is meant."""
        return not any(getattr(self, field.name) for field in fields(self))

    @property
    def words(self) -> str:
        """The selection as it reads in a sentence; ``every server`` where nothing was said."""
        said = [
            f"{_SINGULAR.get(field.name) or field.name[:-1].replace('_', ' ')} {' or '.join(words)}"
            for field in fields(self)
            if isinstance(words := getattr(self, field.name), tuple) and words
        ]
        if self.where is not None:
            said.append(f"where {self.where}")
        return ", ".join(said) or "every server"

    def test(self) -> Predicate:
        """Return a function that says whether a subject is meant.

        It gives ``None`` where a field is asked for that is not known of the subject. Raises
        ValueError where ``where`` was not compiled.
        """
        tests = list(self._tests())
        if len(tests) == 1:
            return tests[0]

        def meets_all(subject: Subject) -> bool | None:
            answer: bool | None = True
            for one in tests:
                found = one(subject)
                if found is False:
                    return False
                if found is None:
                    answer = None
            return answer

        return meets_all

    def covers(self, subject: Subject) -> bool | None:
        """Ask the test about one subject."""
        return self.test()(subject)

    def _tests(self) -> Iterator[Predicate]:
        tests: Sequence[tuple[object, Predicate]] = (
            (self.kinds, lambda subject: subject.server.kind in self.kinds),
            (self.regions, lambda subject: _equals(subject.server.region, self.regions)),
            (self.zones, lambda subject: _equals(subject.server.zone, self.zones)),
            (self.statuses, self._has_status),
            (self.servers, self._is_named),
            (self.names, lambda subject: _matches(subject.server.name, self.names)),
            (self.vpcs, lambda subject: _refers(subject.server.vpc, self.vpcs)),
            (self.resource_groups, self._is_in_resource_group),
            (self.instance_groups, self._is_grouped),
            (self.addresses, self._has_address),
        )
        yield from (test for said, test in tests if said)
        if self.where is not None:
            if self.predicate is None:
                raise ValueError(f"the expression {self.where!r} was not compiled")
            yield self.predicate

    def _is_in_resource_group(self, subject: Subject) -> bool | None:
        return _refers(subject.server.resource_group, self.resource_groups)

    def _has_status(self, subject: Subject) -> bool | None:
        """What is not made yet has no status, so no status is asked of it in vain."""
        if not subject.origin.exists:
            return False
        return _equals(subject.server.status, self.statuses)

    def _is_named(self, subject: Subject) -> bool | None:
        server = subject.server
        if server.id in self.servers or (server.crn or server.id) in self.servers:
            return True
        return _equals(server.name, self.servers)

    def _is_grouped(self, subject: Subject) -> bool | None:
        """What belongs to no group belongs to none that was named."""
        server = subject.server
        groups = list(subject.groups)
        if isinstance(server, Instance) and server.instance_group is not None:
            groups.append(server.instance_group)
        answers = {_refers(group, self.instance_groups) for group in groups}
        return any(answers) or (None if None in answers else False)

    def _has_address(self, subject: Subject) -> bool:
        address = subject.location.address if subject.location is not None else None
        return address is not None and any(fnmatchcase(address, glob) for glob in self.addresses)


EVERY_SERVER = SubjectSelector()


def _equals(value: str | None, words: tuple[str, ...]) -> bool | None:
    return value in words if value else None


def _matches(value: str | None, globs: tuple[str, ...]) -> bool | None:
    return any(fnmatchcase(value, glob) for glob in globs) if value is not None else None


def _refers(reference: Reference | None, words: tuple[str, ...]) -> bool | None:
    """Whether a word is the id, CRN or name; a name that is not known may be any word but an id."""
    if reference is None:
        return None
    if any(word in (reference.id, reference.crn, reference.name) for word in words):
        return True
    if reference.id is None:
        return None
    is_told = reference.name is not None or all(_ID.fullmatch(word) for word in words)
    return False if is_told else None
