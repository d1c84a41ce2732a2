"""Values for what ``doctor`` and ``config show`` print."""

from vpcmetactl.domain.contexts import ContextSummary
from vpcmetactl.domain.diagnosis import Health, Layer, Sight

_IAM = "https://iam.cloud.ibm.com"
_SEARCH = "https://api.global-search-tagging.cloud.ibm.com"

KNOWN_CONTEXTS = (
    ContextSummary(
        name="prod",
        account_id="5f2b8b0a3c4d4e5f8a9b0c1d2e3f4a5b",
        credentials="the API key in /home/ops/prod.key",
        problem=None,
        regions=(),
        exclude_regions=("in-che", "in-mum"),
        vpc_url="https://{region}.iaas.cloud.ibm.com/v1",
        iam_url=_IAM,
        search_url=_SEARCH,
    ),
    ContextSummary(
        name="lab",
        account_id=None,
        credentials="the API key in $LAB_KEY",
        problem="context lab: the variable LAB_KEY, which is to hold its credentials, is not set",
        regions=("us-south", "eu-de"),
        exclude_regions=(),
        vpc_url="https://{region}.private.iaas.cloud.ibm.com/v1",
        iam_url="https://private.iam.cloud.ibm.com",
        search_url=_SEARCH,
    ),
)

EXAMINED = (
    Sight(layer=Layer.PROGRAM, name="program", health=Health.OK, message="vpcmetactl 0.1.0"),
    Sight(
        layer=Layer.NETWORK,
        name="IAM",
        health=Health.WARNING,
        message="iam.cloud.ibm.com reached directly; this machine's clock is 90 s ahead of it",
        seconds=0.0412,
        remedy="set the clock",
    ),
    Sight(
        layer=Layer.READS,
        name="instances in eu-de",
        health=Health.FAILED,
        message="cannot list instances in eu-de: not authorized (HTTP 403, not_authorized)",
        seconds=0.2,
        code="forbidden",
        permission="is.instance.instance.list",
        remedy="ask for is.instance.instance.list",
    ),
    Sight(
        layer=Layer.READS,
        name="reads",
        health=Health.SKIPPED,
        message="cannot be looked at without the token",
    ),
    Sight(
        layer=Layer.WRITES,
        name="links create, delete and prune",
        health=Health.NOT_TESTED,
        message="needs iam-identity.profile.update and iam-identity.profile.linkToResource",
        permission="iam-identity.profile.update and iam-identity.profile.linkToResource",
    ),
)
WELL = (EXAMINED[0],)
