"""By what is judged: a policy file, or what was said on the command line."""

from collections.abc import Callable
from pathlib import Path

from vpcmetactl.cli.context import App
from vpcmetactl.cli.parameters import Given
from vpcmetactl.domain.default_policy import policy_of_flags
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.policy import Policy, Requirement
from vpcmetactl.domain.subjects import Subject


def take_policy(app: App, given: Given) -> Policy:
    """Take the policy with its waivers, ready to judge by.

    Raises InvalidInputError for a file that is not right, and for options that exclude each other.
    """
    require, limit = given.pop("require", None), given.pop("max_response_hop_limit", None)
    path, waivers = given.pop("policy"), given.pop("waivers", ())
    if path and (require or limit):
        raise InvalidInputError(
            "--policy goes with neither --require nor --max-response-hop-limit",
            hint="say it in the policy",
        )
    if path:
        policy = app.files.read_policy(Path(path))
    else:
        policy = policy_of_flags(
            require=Requirement(require) if require else None, max_response_hop_limit=limit
        )
    policy = app.files.with_waivers(policy, [Path(name) for name in waivers])
    return policy.compiled(_compiled)


def _compiled(expression: str, source: str) -> Callable[[Subject], bool | None]:
    from vpcmetactl.cli.where import subject_predicate  # noqa: PLC0415 - few policies have one

    return subject_predicate(expression, source)
