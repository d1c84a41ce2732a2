from collections.abc import Sequence

from tests.support.builders import OFF, ON, a_bare_metal_server, an_instance
from tests.support.trust import PROFILE, a_link, a_rule, a_trust, assessed
from vpcmetactl.domain.access import TrustIndex
from vpcmetactl.domain.access_findings import AccessFinding, AccessReview, FindingCode
from vpcmetactl.domain.errors import PermissionDeniedError
from vpcmetactl.domain.servers import Server
from vpcmetactl.domain.trust import ProfileTrust

ON_1 = an_instance("on-1", metadata_service=ON)
ON_2 = an_instance("on-2", metadata_service=ON)
OFF_1 = an_instance("off-1", metadata_service=OFF)


def findings(
    servers: Sequence[Server], *trusts: ProfileTrust, many: int = 100
) -> Sequence[AccessFinding]:
    review = AccessReview(TrustIndex(assessed(*servers)), many)
    for one in trusts:
        list(review.reach(one))
    return review.findings()


def test_a_review_passes_every_access_on() -> None:
    index = TrustIndex(assessed(ON_1, OFF_1))
    given = a_trust(links=(a_link(ON_1),), rules=(a_rule(),))

    assert list(AccessReview(index).reach(given)) == list(index.reach(given))


def test_a_trusted_server_with_its_service_off_is_told_once_with_how_many_trust_it() -> None:
    given = a_trust(links=(a_link(OFF_1),))

    [finding] = findings([OFF_1], given, given)

    assert finding == AccessFinding(
        code=FindingCode.TRUSTED_SERVICE_OFF,
        message="is trusted by 2 profiles, and its metadata service is disabled",
        server=OFF_1.identity,
        count=2,
    )


def test_a_server_that_may_be_trusted_is_neither_trusted_nor_untrusted() -> None:
    assert findings([ON_1, OFF_1], a_trust(rules=(a_rule("pod"),))) == []


def test_a_service_that_is_on_where_nothing_trusts_the_server_is_told() -> None:
    [finding] = findings(
        [ON_1, ON_2, an_instance(metadata_service=None)], a_trust(), a_trust(links=(a_link(ON_1),))
    )

    assert finding.code is FindingCode.SERVICE_ON_UNTRUSTED
    assert finding.server == ON_2.identity
    assert finding.message == "its metadata service is enabled, and no profile trusts it"


def test_nothing_is_called_untrusted_where_a_profile_could_not_be_read() -> None:
    unread = ProfileTrust(profile=PROFILE, errors={"rules": PermissionDeniedError("no")})

    assert findings([ON_1], a_trust(), unread, a_trust()) == []


def test_a_link_to_a_server_that_is_not_seen_is_told_and_one_to_a_cluster_is_not() -> None:
    lost = a_link(ON_2)
    cluster = a_link(ON_2, cr_type="IKS_SA")

    [finding] = findings([ON_1], a_trust(links=(a_link(ON_1), lost, cluster)))

    assert finding.code is FindingCode.LINK_NOT_VISIBLE
    assert finding.link == lost
    assert finding.profile == PROFILE
    assert finding.message == f"link link-on-2 is to a server that is not visible: {ON_2.crn}"


def test_a_rule_that_every_instance_of_the_account_satisfies_is_told() -> None:
    foreign = an_instance("foreign", account_id="other")
    rule, narrow = a_rule(), a_rule("resource", f'"{ON_1.id}"', "rule-2")

    [finding] = findings(
        [ON_1, ON_2, a_bare_metal_server(), foreign], a_trust(rules=(rule, narrow))
    )

    assert finding.code is FindingCode.RULE_OF_EVERYBODY
    assert finding.rule == rule
    assert finding.count == 2
    assert finding.message == "rule all lets in all 2 instances"


def test_a_rule_says_nothing_of_everybody_where_there_is_one_instance() -> None:
    assert findings([ON_1], a_trust(rules=(a_rule(),))) == []


def test_a_rule_that_may_let_everybody_in_is_not_said_to() -> None:
    assert findings([ON_1, ON_2], a_trust(rules=(a_rule("pod"),))) == []


def test_a_profile_that_many_servers_can_become_is_told_with_their_number() -> None:
    given = a_trust(links=(a_link(ON_1), a_link(ON_2)), rules=(a_rule("pod"),))

    [finding] = findings([ON_1, ON_2], given, many=2)

    assert finding.code is FindingCode.REACHABLE_FROM_MANY
    assert finding.count == 2
    assert finding.message == "2 servers can become backup-writer"
    assert findings([ON_1, ON_2], given, many=3) == []
