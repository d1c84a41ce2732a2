"""What several attempts come to, taken together."""

from typing import List, NamedTuple, Optional, Sequence, Tuple

from vpcmetactl.guest.failures import EXPLANATIONS

ANSWERED = "answered"
OK = "ok"
SKIPPED = "skipped"

# Where every address fails in its own way, the first of these says most about the service. What is
# not here says more than these: something did answer.
_SAY_LITTLE = (
    "tls_failed",
    "wrong_protocol",
    "closed",
    "refused",
    "no_answer",
    "no_route",
    "name_not_found",
)
_NO_SERVICE = ("not_enabled", "wrong_protocol", "closed", "refused", "no_answer")
_HOST_NAME_URL = "https://api.metadata.cloud.ibm.com"

_CONTAINER = (
    "This seems to be a container: probe on the server itself, too. If it gets an answer there, "
    "what is in the way is the response hop limit, of which more below."
)
_WINDOWS = (
    "On Windows the address needs a persistent route through the default gateway: "
    "route /p add 169.254.169.254 mask 255.255.255.255 GATEWAY."
)
_HTTPS_UNTRIED = (
    "The host name is not known here, so that a service that speaks https could not be found. "
    + EXPLANATIONS["name_not_found"].remedy
)
_HTTPS_IMPOSSIBLE = (
    "The host name of the service is not known here: were the service switched to https, which "
    "is served by host name only, this server would be without it."
)
_TELL_OTHERS = (
    "Whatever else asks the service here must be told to use https, for IBM's SDKs and CLI ask "
    f"http://169.254.169.254 otherwise: url={_HOST_NAME_URL} for the SDK's VPC "
    f"authenticator, IBMCLOUD_CR_VPC_URL={_HOST_NAME_URL} for the CLI."
)
_BOTH = (
    "Both protocols answer, and the platform never serves both at once: see what else answers in "
    "the service's place."
)


class Attempt(NamedTuple):
    """One address that was asked for an identity token; ``outcome`` is ``answered`` or a code."""

    url: str
    protocol: str
    outcome: str
    message: str
    remedy: Optional[str]
    seconds: float


class Check(NamedTuple):
    """One thing that was looked at where it answered: ``ok``, ``skipped`` or a code."""

    name: str
    outcome: str
    message: str
    remedy: Optional[str] = None


class Surroundings(NamedTuple):
    """What the probe ran in, as far as it changes the advice."""

    container: bool = False
    windows: bool = False


class Diagnosis(NamedTuple):
    """``answered`` or the code that says most, the exit code, and what to do, most urgent first."""

    outcome: str
    exit_code: int
    summary: str
    advice: Tuple[str, ...]


def diagnosed(
    attempts: Sequence[Attempt],
    checks: Sequence[Check],
    surroundings: Surroundings,
    *,
    profile_asked: bool,
) -> Diagnosis:
    """Return what attempts and checks come to; the IAM token counts only if a profile was asked."""
    answered = [each for each in attempts if each.outcome == ANSWERED]
    if not answered:
        return _without_service(attempts, surroundings)
    first = answered[0]
    denied = profile_asked and ("iam_token", OK) not in {each[:2] for each in checks}
    summary = f"The metadata service answers over {first.protocol}"
    if denied:
        summary += ", but gives no IAM token for the profile that was asked for"
    advice = [each.remedy for each in checks if each.remedy]
    advice += _notes_on_answers(attempts, {each.protocol for each in answered})
    return Diagnosis(ANSWERED, 3 if denied else 0, summary + ".", _once(advice))


def _notes_on_answers(attempts: Sequence[Attempt], protocols: "set[str]") -> List[str]:
    if len(protocols) > 1:
        return [_BOTH]
    if protocols == {"https"}:
        return [_TELL_OTHERS]
    unknown = any(each.outcome == "name_not_found" for each in attempts)
    return [_HTTPS_IMPOSSIBLE] if unknown else []


def _without_service(attempts: Sequence[Attempt], surroundings: Surroundings) -> Diagnosis:
    first = min(attempts, key=_rank)
    advice = [first.remedy or ""]
    if first.outcome == "no_answer" and surroundings.container:
        advice.insert(0, _CONTAINER)
    if first.outcome == "no_answer" and surroundings.windows:
        advice.append(_WINDOWS)
    others = {each.outcome for each in attempts} - {first.outcome}
    if "name_not_found" in others:
        advice.append(_HTTPS_UNTRIED)
    return Diagnosis(
        first.outcome,
        3 if first.outcome in _NO_SERVICE else 1,
        "The metadata service gave no identity token. " + EXPLANATIONS[first.outcome].meaning,
        _once(advice),
    )


def _rank(attempt: Attempt) -> int:
    code = attempt.outcome
    return 1 + _SAY_LITTLE.index(code) if code in _SAY_LITTLE else 0


def _once(texts: Sequence[str]) -> Tuple[str, ...]:
    """Return each text that says something once, in order."""
    return tuple(sorted({each for each in texts if each}, key=list(texts).index))
