"""Instance templates and what they will make, as JSON shows them."""

from typing import Annotated

from vpcmetactl.domain import findings, templates
from vpcmetactl.domain.policy import NO_PARAMETERS, Severity
from vpcmetactl.domain.servers import Reference
from vpcmetactl.domain.trust import DefaultProfile
from vpcmetactl.render.items.base import MetadataService, Shape, about, metadata_service
from vpcmetactl.render.items.servers import Named


class DefaultTrustedProfile(Shape, frozen=True):
    """The trusted profile that each server made from the template is given."""

    id: Annotated[str | None, about("The profile's id, where the template names it by that.")]
    crn: Annotated[str | None, about("The profile's CRN, where the template names it by that.")]
    auto_link: Annotated[
        bool | None,
        about("Whether it is linked at once; `null`: not told, and the platform links it."),
    ]


class TemplateGroup(Shape, frozen=True):
    """An instance group that makes servers from the template."""

    id: Annotated[str, about("The group's id.")]
    name: Annotated[str | None, about("The group's name.")]
    crn: Annotated[str | None, about("The group's CRN.")]
    membership_count: Annotated[int | None, about("How many members it has now.")]


class TemplateFinding(Shape, frozen=True):
    """A check that the next server would fail."""

    check: Annotated[str, about("The check's id.")]
    title: Annotated[str, about("What a server that fails it is like.")]
    severity: Annotated[Severity, about("How much the finding weighs under the policy.")]
    message: Annotated[str, about("What was found.")]


class Template(Shape, frozen=True):
    """An instance template, without its user data."""

    id: Annotated[str, about("The template's id.")]
    crn: Annotated[str | None, about("The template's CRN.")]
    name: Annotated[str | None, about("The template's name.")]
    account_id: Annotated[str | None, about("The account it belongs to.")]
    region: Annotated[str, about("Its region.")]
    zone: Annotated[str | None, about("The zone of the servers that it makes.")]
    vpc: Annotated[Named | None, about("Their VPC.")]
    resource_group: Annotated[Named | None, about("The template's resource group.")]
    profile: Annotated[str | None, about("Their profile, such as `bx2-2x8`.")]
    architecture: Annotated[str | None, about("Their architecture, where it is known.")]
    created_at: Annotated[str | None, about("When the template was made, as the API tells it.")]
    metadata_service: Annotated[
        MetadataService | None,
        about("What the template says of the metadata service; `null` where it says nothing."),
    ]
    effective: Annotated[
        MetadataService,
        about("What the next server gets: what is said, and the platform's default for the rest."),
    ]
    default_trusted_profile: Annotated[
        DefaultTrustedProfile | None, about("The profile that its servers are given, if any.")
    ]
    groups: Annotated[tuple[TemplateGroup, ...], about("The instance groups that use it.")]
    findings: Annotated[
        tuple[TemplateFinding, ...],
        about("What the next server would be found to be, gravest first; waived ones left out."),
    ]
    command: Annotated[
        str | None,
        about(
            "The command that writes the body of a template without the findings about the "
            "service; `null` where there are none."
        ),
    ]

    @property
    def label(self) -> str:
        """Its name, or its id where it has none."""
        return self.name or self.id


class TemplatesSummary(Shape, frozen=True):
    """Counts over all templates, shown or not."""

    total: Annotated[int, about("How many templates there are.")]
    with_findings: Annotated[int, about("Those whose next server would fail a check.")]
    in_use: Annotated[int, about("Those that an instance group uses.")]
    in_use_with_findings: Annotated[int, about("Those of which both are true.")]
    enabled: Annotated[int, about("Those that make servers with the service enabled.")]


def template_item(judged: templates.JudgedTemplate) -> Template:
    """Return a template as JSON shows it."""
    template = judged.template
    said = template.metadata_service
    effective = templates.with_defaults(said)
    return Template(
        id=template.id,
        crn=template.crn,
        name=template.name,
        account_id=template.account_id,
        region=template.region,
        zone=template.zone,
        vpc=_named(template.vpc),
        resource_group=_named(template.resource_group),
        profile=template.profile,
        architecture=template.architecture,
        created_at=template.created_at,
        metadata_service=metadata_service(said),
        effective=MetadataService(
            effective.enabled, effective.protocol, effective.response_hop_limit
        ),
        default_trusted_profile=_default(template.default_trusted_profile),
        groups=tuple(
            TemplateGroup(group.id, group.name, group.crn, group.membership_count)
            for group in template.groups
        ),
        findings=tuple(map(_finding, judged.findings)),
        command=_command(judged),
    )


def _named(reference: Reference | None) -> Named | None:
    return None if reference is None else Named(reference.id, reference.name)


def _default(profile: DefaultProfile | None) -> DefaultTrustedProfile | None:
    if profile is None:
        return None
    return DefaultTrustedProfile(profile.profile_id, profile.crn, profile.auto_link)


def _finding(finding: findings.Finding) -> TemplateFinding:
    check = finding.check
    return TemplateFinding(check.id, check.title, finding.severity, finding.message)


def _command(judged: templates.JudgedTemplate) -> str | None:
    flags = dict.fromkeys(flag for one in judged.findings for flag in _flags(one))
    if not flags:
        return None
    words = ("vpcmetactl templates replace", judged.template.id, *flags, "--body-out FILE")
    return " ".join(words)


def _flags(finding: findings.Finding) -> tuple[str, ...]:
    """Return what a template must be told that it may not fail the check any more."""
    given = finding.rule.parameters if finding.rule is not None else NO_PARAMETERS
    wanted = finding.check.complete(given)
    match finding.check.id:
        case "VPCMETA001":
            return (f"--protocol {wanted.protocol}",)
        case "VPCMETA002":
            return ("--disabled",)
        case "VPCMETA003":
            return ("--enabled", "--protocol https")
        case "VPCMETA004":
            return (f"--response-hop-limit {wanted.max_response_hop_limit}",)
        case _:
            return ()
