"""What any expected exception means, in our words, and what may help.

What neither ``transit`` nor ``statuses`` knows is a mistake in a program, and passes untouched.
"""

from datetime import datetime

from ibm_cloud_sdk_core import ApiException

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.ibmcloud.operations import Operation
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.remedies import Failure, Remedy
from vpcmetactl.ibmcloud.statuses import explain_status
from vpcmetactl.ibmcloud.transit import CAUSES, chain, explain_transit

# What ``explain`` has an answer to; anything else must not be caught.
EXPECTED = (ApiException, VpcmetactlError, *CAUSES)


def explain(
    exception: BaseException, operation: Operation, secrets: Secrets, now: datetime
) -> Failure:
    """Say what an expected exception means for an operation."""
    if isinstance(exception, VpcmetactlError):
        return Failure(exception, Remedy.NONE, in_doubt=False)
    links = list(chain(exception))
    for link in links:
        if isinstance(link, ApiException):
            return explain_status(link, operation, secrets, now)
    return explain_transit(links, operation, secrets)
