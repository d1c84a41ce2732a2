"""What we read of plans and states: everything else in them is skipped, never decoded.

Sources: HashiCorp's *JSON Output Format* (plan and state representation), version 4 of state files,
and the schemas of the resources of IBM's provider (platform notes 7.2).
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

Address = Annotated[str, Meta(min_length=1)]
Key = int | str | None


class Part(msgspec.Struct, gc=False):
    """Base of every shape: a tree of values, which the garbage collector need not follow."""


class Document(Part):
    """Any of the three; which one is told by what is there."""

    format_version: Any = None
    version: Any = None
    values: Raw | UnsetType = UNSET
    resources: Raw | UnsetType = UNSET
    resource_changes: Raw | UnsetType = UNSET
    planned_values: Raw | UnsetType = UNSET
    deferred_changes: Raw | UnsetType = UNSET
    configuration: Raw | UnsetType = UNSET
    variables: Raw | UnsetType = UNSET
    complete: Any = None
    errored: Any = None
    encrypted_data: Raw | UnsetType = UNSET


# Plans.


class Change(Part):
    """What will become of a resource; of its attributes after it."""

    actions: list[str]
    after: Raw | UnsetType = UNSET
    after_unknown: Raw | UnsetType = UNSET
    after_sensitive: Raw | UnsetType = UNSET


class ResourceChange(Part):
    """One instance of a resource."""

    address: Address
    type: str
    name: str
    change: Change
    mode: str = "managed"
    module_address: str | None = None
    index: Key = None
    deposed: str | None = None


class DeferredChange(Part):
    """A change that Terraform leaves to a later plan."""

    resource_change: ResourceChange | None = None


class Variable(Part):
    """The value of a variable of the root module."""

    value: Raw | UnsetType = UNSET


class ConfiguredResource(Part):
    """A resource as it is written, once for all of its instances."""

    type: str
    name: str
    mode: str = "managed"
    provider_config_key: str | None = None
    expressions: Raw | UnsetType = UNSET
    for_each_expression: Raw | UnsetType = UNSET


class ConfiguredOutput(Part):
    """What a module hands out."""

    expression: Raw | UnsetType = UNSET


class ModuleCall(Part):
    """A module that is used, with what it is given."""

    expressions: Raw | UnsetType = UNSET
    module: "ConfiguredModule | None" = None


class ConfiguredModule(Part):
    """A module as it is written."""

    resources: list[ConfiguredResource] = []
    module_calls: dict[str, ModuleCall] = {}
    outputs: dict[str, ConfiguredOutput] = {}


class ProviderConfig(Part):
    """How a provider is set up."""

    expressions: Raw | UnsetType = UNSET


class Configuration(Part):
    """``configuration`` of a plan."""

    provider_config: dict[str, ProviderConfig] = {}
    root_module: ConfiguredModule = msgspec.field(default_factory=ConfiguredModule)


# What ``show -json`` prints of a state.


class ShownResource(Part):
    """One instance of a resource."""

    address: Address
    type: str
    name: str
    mode: str = "managed"
    index: Key = None
    values: Raw | UnsetType = UNSET
    sensitive_values: Raw | UnsetType = UNSET
    deposed_key: str | None = None


class ShownModule(Part):
    """A module with its instances of resources."""

    address: str | None = None
    resources: list[ShownResource] = []
    child_modules: list["ShownModule"] = []


class ShownValues(Part):
    """``values`` of a state."""

    root_module: ShownModule = msgspec.field(default_factory=ShownModule)


# State files.


class StoredInstance(Part):
    """One instance of a resource."""

    index_key: Key = None
    attributes: Raw | UnsetType = UNSET
    sensitive_attributes: Raw | UnsetType = UNSET
    deposed: str | None = None


class StoredResource(Part):
    """A resource with its instances."""

    type: str
    name: str
    mode: str = "managed"
    module: str | None = None
    instances: list[StoredInstance] = []


# Attributes. What an attribute may be is the provider's; one that an older provider does not have
# is absent.


class MetadataBlock(Part):
    """The block ``metadata_service``."""

    enabled: bool | None = None
    protocol: str | None = None
    response_hop_limit: int | None = None


class ProfileTarget(Part):
    """The profile of the block ``default_trusted_profile``."""

    id: str | None = None
    crn: str | None = None


class DefaultProfileBlock(Part):
    """The block ``default_trusted_profile`` of a bare metal server."""

    auto_link: bool | None = None
    target: list[ProfileTarget] | None = None


class ServerAttributes(Part):
    """Those of instances, instance templates and bare metal servers."""

    id: str | None = None
    name: str | None = None
    crn: str | None = None
    vpc: str | None = None
    zone: str | None = None
    profile: str | None = None
    resource_group: str | None = None
    resource_group_name: str | None = None
    status: str | None = None
    vcpu: Any = None
    cpu: Any = None
    instance_template: str | None = None
    metadata_service: list[MetadataBlock] | UnsetType | None = UNSET
    metadata_service_enabled: bool | UnsetType | None = UNSET
    default_trusted_profile_target: str | None = None
    default_trusted_profile_auto_link: bool | None = None
    default_trusted_profile: list[DefaultProfileBlock] | None = None


class LinkBlock(Part):
    """The block ``link`` of a link."""

    crn: str | None = None


class LinkAttributes(Part):
    """Those of a link of a trusted profile."""

    profile_id: str | None = None
    cr_type: str | None = None
    link: list[LinkBlock] | None = None


class ConditionBlock(Part):
    """The block ``conditions`` of a claim rule."""

    claim: str | None = None
    operator: str | None = None
    value: str | None = None


class RuleAttributes(Part):
    """Those of a claim rule of a trusted profile."""

    profile_id: str | None = None
    type: str | None = None
    cr_type: str | None = None
    conditions: list[ConditionBlock] | None = None


class ProfileAttributes(Part):
    """Those of a trusted profile."""

    id: str | None = None
    profile_id: str | None = None
    name: str | None = None
    account_id: str | None = None


INSTANCE = "ibm_is_instance"
TEMPLATE = "ibm_is_instance_template"
BARE_METAL = "ibm_is_bare_metal_server"
LINK = "ibm_iam_trusted_profile_link"
RULE = "ibm_iam_trusted_profile_claim_rule"
PROFILE = "ibm_iam_trusted_profile"

SERVERS = (INSTANCE, BARE_METAL)
ATTRIBUTES: dict[str, type[Part]] = {
    INSTANCE: ServerAttributes,
    TEMPLATE: ServerAttributes,
    BARE_METAL: ServerAttributes,
    LINK: LinkAttributes,
    RULE: RuleAttributes,
    PROFILE: ProfileAttributes,
}
"""The resources that are read, and what of each."""
