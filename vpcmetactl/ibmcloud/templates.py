"""The VPC API: instance templates, and the groups that use them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ibm_cloud_sdk_core import DetailedResponse

from vpcmetactl.domain.templates import InstanceTemplate, TemplateGroup
from vpcmetactl.ibmcloud import operations
from vpcmetactl.ibmcloud.calls import Calls, body_of
from vpcmetactl.ibmcloud.client import ApiClient, VpcClients
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.paging import every_page
from vpcmetactl.ibmcloud.vpc import PAGE_LIMIT
from vpcmetactl.ibmcloud.wire import templates as wire


class TemplateGateway:
    """Reads instance templates. Every method may be called from any thread."""

    def __init__(self, clients: VpcClients, calls: Calls) -> None:
        self._clients = clients
        self._calls = calls

    def list_templates(self, region: str) -> Sequence[InstanceTemplate]:
        """Return every instance template of a region, without its groups and its user data."""
        client = self._clients.region(region)

        def fetch(start: str | None) -> tuple[Sequence[InstanceTemplate], str | None]:
            return self._calls.run(
                operations.list_instance_templates(client.host, region),
                client,
                lambda deadline: _list_templates(client, start, deadline),
                lambda response: wire.templates_from_wire(body_of(response), region),
            )

        return list(every_page(fetch))

    def list_groups(self, region: str) -> Mapping[str, Sequence[TemplateGroup]]:
        """Return every instance group of a region, by the id of its template."""
        client = self._clients.region(region)

        def fetch(start: str | None) -> tuple[Sequence[tuple[str, TemplateGroup]], str | None]:
            return self._calls.run(
                operations.list_instance_groups(client.host, region),
                client,
                lambda deadline: client.api.list_instance_groups(
                    start=start, limit=PAGE_LIMIT, timeout=deadline, **client.settings
                ),
                lambda response: wire.groups_from_wire(body_of(response)),
            )

        found: dict[str, list[TemplateGroup]] = defaultdict(list)
        for template_id, group in every_page(fetch):
            found[template_id].append(group)
        return dict(found)

    def get_template_body(self, region: str, template_id: str) -> Mapping[str, object]:
        """Return all that the API says of a template, its user data included."""
        client = self._clients.region(region)
        return self._calls.run(
            operations.get_instance_template(client.host, region, template_id),
            client,
            lambda deadline: client.api.get_instance_template(
                template_id, timeout=deadline, **client.settings
            ),
            lambda response: wire.whole_template_from_wire(body_of(response), template_id),
        )


def _list_templates(client: ApiClient, start: str | None, deadline: Deadline) -> DetailedResponse:
    """Ask for the templates; the SDK has no way to ask for another page, should there be one."""
    api = client.api
    if start is None:
        return api.list_instance_templates(timeout=deadline, **client.settings)
    request = api.prepare_request(
        method="GET",
        url="/instance/templates",
        headers={"Accept": "application/json"},
        params={"version": api.version, "generation": api.generation, "start": start},
    )
    return api.send(request, timeout=deadline, **client.settings)
