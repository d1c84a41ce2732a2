"""What it takes a change, a server or a human to prove right or wrong."""

from tests.live.assumption import Assumption, How, Known

CHANGE_ASSUMPTIONS = (
    Assumption(
        id="A26",
        claim="A patch of the metadata service is answered with 200 and the whole server.",
        known=Known.INFERRED,
        source="platform notes 1.1",
        relies="`ibmcloud/vpc.py`: the answer must be about the server that was patched",
        if_wrong="The change counts as perhaps made, and is settled by reading the server.",
        how=How.CHANGE,
    ),
    Assumption(
        id="A27",
        claim="The hop limit of a running instance can be changed, and the instance goes on "
        "running.",
        known=Known.INFERRED,
        source="platform notes 2.2",
        relies="`domain/metadata_plans.py`: no plan waits for a stopped server",
        if_wrong="The change fails with the API's own reason, a 409 most likely; nothing is "
        "changed.",
        how=How.CHANGE,
    ),
    Assumption(
        id="A28",
        claim="The protocol of a running server can be changed, and the server goes on running.",
        known=Known.INFERRED,
        source="platform notes 2.2",
        relies="`domain/metadata_plans.py`: no plan waits for a stopped server",
        if_wrong="As A27.",
        how=How.CHANGE,
    ),
    Assumption(
        id="A29",
        claim="A change shows in the next reading of the server.",
        known=Known.NOT_FOUND,
        source="platform notes 3.4",
        relies="`usecases/patching.py`: a change counts as made once it is read back",
        if_wrong="A change that was made is reported as failed, with the advice to read again. "
        "The next run finds it made.",
        how=How.CHANGE,
    ),
    Assumption(
        id="A30",
        claim="The `ETag` of an instance changes with its metadata service.",
        known=Known.INFERRED,
        source="platform notes 3.4",
        relies="`ibmcloud/vpc.py`: `If-Match` keeps a change from overwriting another's",
        if_wrong="A change by somebody else in the moment between reading and patching is not "
        "noticed; the patch sets only what was planned, and that is read back.",
        how=How.CHANGE,
    ),
    Assumption(
        id="A31",
        claim="A patch with an `If-Match` that holds no more is answered with 412, and not made.",
        known=Known.INFERRED,
        source="platform notes 3.4",
        relies="`ibmcloud/statuses.py`: a 412 means that the server changed since it was read",
        if_wrong="With another 4xx the change is reported as failed, not as overtaken. If it is "
        "ignored: as A30.",
        how=How.CHANGE,
    ),
    Assumption(
        id="A32",
        claim="Protocol and hop limit can be set while the service is disabled.",
        known=Known.INFERRED,
        source="platform notes 1.1",
        relies="`metadata set`: plans it for servers whose service is off",
        if_wrong="The change fails with the API's own reason; nothing is changed.",
        how=How.CHANGE,
    ),
)

GUEST_ASSUMPTIONS = (
    Assumption(
        id="A33",
        claim="The service does not answer by the protocol that it is not set to.",
        known=Known.NOT_FOUND,
        source="platform notes 5.1",
        relies="`guest/diagnosis.py`: refused, closed, silent and wrong protocol are told apart, "
        "and an answer means that the protocol is the one that is set",
        if_wrong="`guest probe` says that the service works over both. Advice to change clients "
        "before a switch to https stays right.",
        how=How.GUEST,
    ),
    Assumption(
        id="A34",
        claim="A path that belongs to another version is answered with 404.",
        known=Known.INFERRED,
        source="platform notes 5.2",
        relies="`guest/service.py`: the old paths are tried after a 404 of the new ones",
        if_wrong="An old service is told as one that refuses the request; no token is had.",
        how=How.GUEST,
    ),
    Assumption(
        id="A35",
        claim="An identity token that has expired is answered with 401 `unauthenticated`.",
        known=Known.INFERRED,
        source="platform notes 5.4",
        relies="`guest/service.py`: the code is told as `token_expired`",
        if_wrong="By another code the advice is another; by its status a 401 is still told so.",
        how=How.GUEST,
    ),
    Assumption(
        id="A36",
        claim="A server without a default profile, which asks for no other, is refused with one of "
        "six codes: `profile_not_linked`, `not_found`, `invalid_request`, `invalid_value`, "
        "`missing_field`, `missing_value`.",
        known=Known.NOT_FOUND,
        source="platform notes 5.4",
        relies="`guest/checks.py`: the IAM token is then skipped, and is no failure",
        if_wrong="`guest probe` ends with 3 on a server whose service works; the API's message is "
        "printed.",
        how=How.GUEST,
    ),
    Assumption(
        id="A37",
        claim="An IAM token that a server gets names its trusted profile in one of the claims "
        "`profile_id`, `sub`, `iam_id`, `id`.",
        known=Known.NOT_FOUND,
        source="platform notes 5.2",
        relies="`guest/claims.py`: the proof says which profile the token is of",
        if_wrong="The proof names no profile, unless one was asked for.",
        how=How.GUEST,
    ),
)

HAND_ASSUMPTIONS = (
    Assumption(
        id="A38",
        claim="While the service is disabled a server gets no answer, or 403.",
        known=Known.INFERRED,
        source="platform notes 5.1",
        relies="`guest/diagnosis.py`: `no_answer` and `not_enabled` mean a disabled service",
        if_wrong="The advice of `guest probe` is about something else; nothing is changed by it.",
        how=How.BY_HAND,
        by_hand="vpcmetactl guest probe",
    ),
    Assumption(
        id="A39",
        claim="An instance that was created with the service disabled may need a stop and start "
        "after the service is first enabled.",
        known=Known.INFERRED,
        source="platform notes 2.1",
        relies="`domain/restarts.py`: the rule `faq`; IBM's pages contradict each other",
        if_wrong="Restarts are advised that nobody needs. Nothing is restarted unless asked for, "
        "and `--restart-rule none` ends the advice.",
        how=How.BY_HAND,
        by_hand="vpcmetactl metadata enable SERVER",
    ),
    Assumption(
        id="A40",
        claim="Another protocol or hop limit counts in the server at once, without a restart.",
        known=Known.INFERRED,
        source="platform notes 2.2",
        relies="`domain/restarts.py`: only enabling is judged",
        if_wrong="A change looks done and does not count yet; `guest probe` shows it.",
        how=How.BY_HAND,
        by_hand="vpcmetactl metadata set SERVER --protocol https",
    ),
    Assumption(
        id="A41",
        claim="What is set on a stopped server counts from its next start.",
        known=Known.INFERRED,
        source="platform notes 2.2",
        relies="`domain/metadata_plans.py`: the note `applies_at_next_start`",
        if_wrong="The note is wrong, and `guest probe` shows it.",
        how=How.BY_HAND,
        by_hand="vpcmetactl metadata enable SERVER",
    ),
    Assumption(
        id="A42",
        claim="A stop or a start is answered with 201 (instances) or 204 (bare metal), and the "
        "server's status tells how it goes.",
        known=Known.INFERRED,
        source="platform notes 2.3",
        relies="`ibmcloud/vpc.py`: nothing but the status of the answer is read",
        if_wrong="Another 2xx counts as perhaps done: the server is read, and the action is not "
        "sent again blindly.",
        how=How.BY_HAND,
        by_hand="vpcmetactl restarts run SERVER --verdict unknown",
    ),
    Assumption(
        id="A43",
        claim="A bare metal server that was stopped softly, or hard where it does not answer, and "
        "started again has been restarted.",
        known=Known.NOT_FOUND,
        source="platform notes 2.3",
        relies="`usecases/restarting.py`: the steps of a restart",
        if_wrong="The run times out with the server named, and `runs resume` goes on.",
        how=How.BY_HAND,
        by_hand="ibmcloud is bare-metal-server-stop SERVER --type soft",
    ),
    Assumption(
        id="A44",
        claim="A patch that a boot volume's `allowed_use` forbids is answered with a 4xx other "
        "than 401, 404, 408, 409, 412 and 429.",
        known=Known.NOT_FOUND,
        source="platform notes 1.8",
        relies="`ibmcloud/statuses.py`: it is a refusal that asking again does not change",
        if_wrong="The change still fails; only the advice is another, and a 429 would be repeated "
        "for as long as `--timeout` allows.",
        how=How.BY_HAND,
        by_hand="ibmcloud is instance-update SERVER --metadata-service false",
    ),
    Assumption(
        id="A45",
        claim="On s390x the metadata service does not work, whatever is patched.",
        known=Known.NOT_FOUND,
        source="platform notes 1.8",
        relies="`domain/metadata_plans.py`: such servers are skipped as `unsupported_architecture`",
        if_wrong="A server that could have the service is left as it is.",
        how=How.BY_HAND,
        by_hand="ibmcloud is instance-update SERVER --metadata-service true",
    ),
    Assumption(
        id="A46",
        claim="A list holds what the caller may see, and does not say that there is more.",
        known=Known.NOT_FOUND,
        source="platform notes 3.1",
        relies="`usecases/pruning.py`: wants `--assert-full-visibility` before a link is deleted",
        if_wrong="If lists refuse instead, the region is told as incomplete. Nothing is deleted "
        "wrongly in either case.",
        how=How.BY_HAND,
        by_hand="vpcmetactl servers list --account ID",
    ),
    Assumption(
        id="A47",
        claim="Too many requests to a region are answered with 429, with or without `Retry-After`.",
        known=Known.NOT_FOUND,
        source="platform notes 3.2",
        relies="`ibmcloud/pacing.py`: the rate of a region is learnt from it",
        if_wrong="Another status is repeated with growing waits, or ends as an error; "
        "`--max-rps` bounds the rate from the beginning.",
        how=How.BY_HAND,
        by_hand="vpcmetactl servers list --max-workers 64 --verbose",
    ),
    Assumption(
        id="A48",
        claim="A second link of the same server to a profile is refused with 409 or 400, or shows "
        "in the list of links.",
        known=Known.NOT_FOUND,
        source="platform notes 4.3",
        relies="`usecases/linking.py`: it looks before it sends, and after a refusal",
        if_wrong="Two links trust the server where one was meant; `links list` shows both.",
        how=How.BY_HAND,
        by_hand="vpcmetactl links create SERVER --profile PROFILE",
    ),
    Assumption(
        id="A49",
        claim="Deleting a link is answered with 204, and one that is gone with 404.",
        known=Known.INFERRED,
        source="platform notes 4.2",
        relies="`usecases/linking.py`: both come to a link that is gone",
        if_wrong="The links are read again, and what they show counts.",
        how=How.BY_HAND,
        by_hand="vpcmetactl links delete SERVER --profile PROFILE",
    ),
    Assumption(
        id="A50",
        claim="Any one link, rule or identity suffices for a server to become a profile.",
        known=Known.INFERRED,
        source="platform notes 4.2",
        relies="`domain/access.py`: who can become what",
        if_wrong="Servers are said to be trusted that are not; disabling one is then refused "
        "without need.",
        how=How.BY_HAND,
        by_hand="vpcmetactl guest token --profile PROFILE",
    ),
    Assumption(
        id="A51",
        claim="The next member that an instance group makes has the template's setting again.",
        known=Known.INFERRED,
        source="platform notes 1.6",
        relies="`usecases/preflight.py`: the note `instance_group_differs`",
        if_wrong="The note is wrong; the change of the member stands either way.",
        how=How.BY_HAND,
        by_hand="vpcmetactl metadata set --instance-group GROUP --protocol https",
    ),
    Assumption(
        id="A52",
        claim="IBM's SDK gets a token on a bare metal server where it asks by version 2025-08-26.",
        known=Known.INFERRED,
        source="platform notes 5.2",
        relies="`ibmcloud/credentials.py`: a context with `trusted_profile` asks by that version",
        if_wrong="The program has no credentials on that server, and says so; nothing is read.",
        how=How.BY_HAND,
        by_hand="vpcmetactl servers list --context here",
    ),
)
