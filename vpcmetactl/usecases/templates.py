"""Reading the instance templates of many regions, with the groups that use them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from vpcmetactl.domain.errors import (
    AuthenticationError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    VpcmetactlError,
)
from vpcmetactl.domain.templates import InstanceTemplate, TemplateGroup
from vpcmetactl.usecases.bulk import Step, Task, run_tasks
from vpcmetactl.usecases.listing import Unread
from vpcmetactl.usecases.ports import TemplateReader


@dataclass(frozen=True, slots=True)
class TemplatesRead:
    """Templates by region, name and id, and what could not be read.

    Where the groups of a region could not be read, its templates are here without any that they do
    not tell themselves.
    """

    templates: Sequence[InstanceTemplate]
    unread: Sequence[Unread] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """What came of one region; ``templates`` is ``None`` where they could not be read."""

    region: str
    templates: Sequence[InstanceTemplate] | None
    errors: Sequence[VpcmetactlError]


def read_templates(
    reader: TemplateReader, regions: Sequence[str], max_workers: int
) -> TemplatesRead:
    """Read the templates of these regions, ``max_workers`` regions at a time.

    Raises AuthenticationError, InvalidInputError where the source is an unusable file, and the
    error of the first region where the templates of none could be read.
    """
    tasks: list[Task[_Part]] = [partial(_read, reader, region) for region in dict.fromkeys(regions)]
    parts = sorted(run_tasks(tasks, max_workers), key=lambda part: part.region)
    if parts and all(part.templates is None for part in parts):
        raise parts[0].errors[0]
    templates = [template for part in parts for template in part.templates or ()]
    templates.sort(key=lambda one: (one.region, one.name or "", one.id))
    unread = [Unread(part.region, None, error) for part in parts for error in part.errors]
    return TemplatesRead(templates, unread)


def find_template(read: TemplatesRead, word: str) -> InstanceTemplate:
    """Return the template of this id, CRN or exact name.

    Raises NotFoundError where there is none, as far as could be read, and RefusedError where
    several bear the name.
    """
    found = [one for one in read.templates if word in (one.id, one.crn)]
    found = found or [one for one in read.templates if word == one.name]
    if len(found) > 1:
        places = ", ".join(f"{one.id} in {one.region}" for one in found)
        raise RefusedError(
            f"{len(found)} instance templates bear the name {word!r}: {places}",
            hint="name the one that is meant by its id or CRN, or narrow the search with --region",
        )
    if found:
        return found[0]
    blind = sorted({part.region for part in read.unread})
    hint = "the name must be exact; the API also hides templates that one may not see"
    if blind:
        hint = f"{', '.join(blind)} could not be read in full: it may be there"
    raise NotFoundError(f"no instance template matches {word!r}", hint=hint)


def _read(reader: TemplateReader, region: str) -> Step[_Part]:
    try:
        templates = reader.list_templates(region)
    except (AuthenticationError, InvalidInputError):
        raise
    except VpcmetactlError as error:
        return Step([_Part(region, None, [error])])
    if not templates:
        return Step([_Part(region, (), ())])
    try:
        groups = reader.list_groups(region)
    except (AuthenticationError, InvalidInputError):
        raise
    except VpcmetactlError as error:
        return Step([_Part(region, templates, [error])])
    return Step([_Part(region, [_with_groups(one, groups) for one in templates], ())])


def _with_groups(
    template: InstanceTemplate, groups: Mapping[str, Sequence[TemplateGroup]]
) -> InstanceTemplate:
    using = sorted(groups.get(template.id, ()), key=lambda group: (group.name or "", group.id))
    return replace(template, groups=tuple(using))
