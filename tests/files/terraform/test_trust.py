"""Which trusted profiles will trust a server, as far as a plan or a state tells."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.terraform import (
    ACCOUNT,
    UNKNOWN,
    Json,
    Provider,
    a_change,
    a_configured,
    a_crn,
    a_known_server,
    a_new_server,
    a_plan,
    a_shown,
    a_shown_state,
    save,
    written,
)
from vpcmetactl.domain.subjects import TrustingProfile
from vpcmetactl.files.terraform.reading import read_terraform

INSTANCE, TEMPLATE = "ibm_is_instance", "ibm_is_instance_template"
METAL, PROFILE = "ibm_is_bare_metal_server", "ibm_iam_trusted_profile"
LINK, RULE = "ibm_iam_trusted_profile_link", "ibm_iam_trusted_profile_claim_rule"
READER = TrustingProfile("Profile-1")


def test_a_link_to_a_known_crn_is_certain_and_its_profile_is_named(tmp_path: Path) -> None:
    profile = {"id": "Profile-1", "name": "reader"}
    state = a_shown_state(
        a_shown(INSTANCE, "web", a_known_server()),
        a_shown(INSTANCE, "db", a_known_server(id="0717_db", crn=a_crn("db"))),
        a_shown(LINK, "l", _link(a_crn("web"))),
        a_shown(PROFILE, "p", profile),
    )
    found = _trust(tmp_path, state)
    assert found == {
        "ibm_is_instance.web": (TrustingProfile("Profile-1", "reader"),),
        "ibm_is_instance.db": (),
    }


def test_a_link_of_another_compute_type_is_no_link_to_a_server(tmp_path: Path) -> None:
    state = a_shown_state(
        a_shown(INSTANCE, "web", a_known_server()),
        a_shown(LINK, "l", {**_link(a_crn("web")), "cr_type": "BMS"}),
    )
    assert _trust(tmp_path, state) == {"ibm_is_instance.web": ()}


def test_trust_is_never_complete(tmp_path: Path) -> None:
    state = a_shown_state(a_shown(INSTANCE, "web", a_known_server()))
    [subject] = read_terraform(save(tmp_path, state)).subjects
    assert subject.trust is not None
    assert not subject.trust.is_complete


CERTAIN = (READER,)
DOUBTFUL = (TrustingProfile("Profile-1", is_certain=False),)


@pytest.mark.parametrize(
    ("references", "keys", "linked"),
    [
        (["ibm_is_instance.web.crn", "ibm_is_instance.web"], [None], {None: CERTAIN}),
        (
            ["ibm_is_instance.web[1].crn", "ibm_is_instance.web[1]", "ibm_is_instance.web"],
            [0, 1],
            {1: CERTAIN},
        ),
        (
            ['ibm_is_instance.web["a.b"].crn', 'ibm_is_instance.web["a.b"]', "ibm_is_instance.web"],
            ["a.b", "c"],
            {"a.b": CERTAIN},
        ),
        (["ibm_is_instance.web", "count.index"], [0, 1], {0: DOUBTFUL, 1: DOUBTFUL}),
        (["ibm_is_instance.web.crn", "ibm_is_instance.web", "var.x"], [None], {None: DOUBTFUL}),
        (["ibm_is_instance.web.id", "ibm_is_instance.web"], [None], {None: DOUBTFUL}),
        (["ibm_is_instance.web[7].crn", "ibm_is_instance.web[7]"], [0], {}),
        (["local.crn"], [None], {}),
        (["data.ibm_is_instance.x.crn", "data.ibm_is_instance.x"], [None], {}),
        (["var.crn"], [None], {}),
        (["each.value.crn", "each.value"], ["a"], {}),
        (["…"], [None], {}),
    ],
)
def test_a_link_to_a_new_server_is_found_by_what_its_expression_refers_to(
    tmp_path: Path, references: list[str], keys: list[Any], linked: dict[Any, Any]
) -> None:
    plan = a_plan(
        [
            *(a_change(INSTANCE, "web", a_new_server(), key=key) for key in keys),
            a_change(LINK, "l", _link(UNKNOWN)),
        ],
        [a_configured(INSTANCE, "web"), _configured_link(*references)],
    )
    found = read_terraform(save(tmp_path, plan)).subjects
    by_key = {
        key: subject.trust.profiles
        for key, subject in zip(sorted(keys, key=str), found, strict=True)
        if subject.trust and subject.trust.profiles
    }
    assert by_key == linked


def test_links_for_each_server_are_to_the_server_of_their_key(tmp_path: Path) -> None:
    plan = a_plan(
        [
            *(a_change(INSTANCE, "web", a_new_server(), key=key) for key in "abc"),
            *(a_change(LINK, "l", _link(UNKNOWN), key=key) for key in "ab"),
        ],
        [
            a_configured(INSTANCE, "web"),
            _configured_link(
                "each.value.crn", "each.value", for_each=written(UNKNOWN, "ibm_is_instance.web")
            ),
        ],
    )
    assert list(_trust(tmp_path, plan).values()) == [CERTAIN, CERTAIN, ()]


def test_a_server_in_a_module_is_found_through_its_output(tmp_path: Path) -> None:
    crn = {"expression": written(UNKNOWN, "ibm_is_instance.x.crn", "ibm_is_instance.x")}
    module = {"resources": [a_configured(INSTANCE, "x")], "outputs": {"crn": crn}}
    plan = a_plan(
        [
            a_change(INSTANCE, "x", a_new_server(), module="module.web[0]"),
            a_change(INSTANCE, "x", a_new_server(), module="module.web[1]"),
            a_change(LINK, "l", _link(UNKNOWN)),
        ],
        [_configured_link("module.web[1].crn", "module.web")],
        {"web": {"module": module}},
    )
    assert list(_trust(tmp_path, plan).values()) == [(), CERTAIN]
    plan["configuration"]["root_module"]["resources"] = [
        _configured_link("module.web", "count.index")
    ]
    assert list(_trust(tmp_path, plan).values()) == [(), ()]
    plan["configuration"]["root_module"]["resources"] = [
        _configured_link("module.web.crn", "module.web")
    ]
    assert list(_trust(tmp_path, plan).values()) == [DOUBTFUL, DOUBTFUL]


def test_a_link_in_a_module_is_followed_to_what_the_module_is_given(tmp_path: Path) -> None:
    given = {"server": written(UNKNOWN, "ibm_is_instance.web.crn", "ibm_is_instance.web")}
    module = {"resources": [_configured_link("var.server")]}
    plan = a_plan(
        [
            a_change(INSTANCE, "web", a_new_server()),
            a_change(LINK, "l", _link(UNKNOWN), module="module.trust"),
        ],
        [a_configured(INSTANCE, "web")],
        {"trust": {"expressions": given, "module": module}},
    )
    assert list(_trust(tmp_path, plan).values()) == [CERTAIN]


def test_servers_of_another_instance_of_a_module_are_not_linked(tmp_path: Path) -> None:
    module = {"resources": [a_configured(INSTANCE, "x"), _configured_link("ibm_is_instance.x.crn")]}
    plan = a_plan(
        [
            a_change(INSTANCE, "x", a_new_server(), module='module.web["a"]'),
            a_change(INSTANCE, "x", a_new_server(), module='module.web["b"]'),
            a_change(LINK, "l", _link(UNKNOWN), module='module.web["b"]'),
        ],
        [],
        {"web": {"module": module}},
    )
    assert list(_trust(tmp_path, plan).values()) == [(), CERTAIN]


def test_expressions_that_go_round_in_a_circle_end(tmp_path: Path) -> None:
    outputs = {"crn": {"expression": written(UNKNOWN, "var.a", "module.m.crn", "module.m")}}
    inner: Json = {"outputs": outputs}
    inner["module_calls"] = {"m": {"module": {"outputs": outputs}}}
    call = {"module": inner, "expressions": {"a": written(UNKNOWN, "module.m.crn", "module.m")}}
    plan = a_plan(
        [a_change(INSTANCE, "web", a_new_server()), a_change(LINK, "l", _link(UNKNOWN))],
        [_configured_link("module.m.crn", "module.m")],
        {"m": call},
    )
    assert list(_trust(tmp_path, plan).values()) == [()]


def test_a_profile_that_is_not_made_yet_is_told_by_its_name(tmp_path: Path) -> None:
    link = {**_link(UNKNOWN), "profile_id": UNKNOWN}
    plan = a_plan(
        [
            a_change(INSTANCE, "web", a_new_server()),
            a_change(LINK, "l", link),
            a_change(PROFILE, "p", {"id": UNKNOWN, "profile_id": UNKNOWN, "name": "reader"}),
        ],
        [
            _configured_link(
                "ibm_is_instance.web.crn",
                "ibm_is_instance.web",
                profile_id=written(
                    UNKNOWN, "ibm_iam_trusted_profile.p.id", "ibm_iam_trusted_profile.p"
                ),
            )
        ],
    )
    assert list(_trust(tmp_path, plan).values()) == [(TrustingProfile(None, "reader"),)]
    plan["configuration"]["root_module"]["resources"][0]["expressions"]["profile_id"] = written(
        UNKNOWN, "local.profile"
    )
    assert list(_trust(tmp_path, plan).values()) == [(TrustingProfile(None),)]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([("zone", "EQUALS", '"us-south-1"')], CERTAIN),
        ([("zone", "EQUALS", '"us-south-2"')], ()),
        ([("vpc_id", "EQUALS", UNKNOWN)], DOUBTFUL),
        ([("subnet_id", "EQUALS", '"s"')], DOUBTFUL),
        ([("zone", "EQUALS", '"us-south-2"'), ("vpc_id", "EQUALS", UNKNOWN)], ()),
    ],
)
def test_claim_rules_are_held_against_servers(
    tmp_path: Path, conditions: list[tuple[str, str, Any]], expected: tuple[TrustingProfile, ...]
) -> None:
    plan = a_plan(
        [
            a_change(INSTANCE, "web", a_known_server(), actions=["no-op"]),
            a_change(RULE, "r", _rule(*conditions)),
            a_change(PROFILE, "p", {"id": "Profile-1", "account_id": ACCOUNT}, actions=["no-op"]),
        ],
    )
    assert list(_trust(tmp_path, plan).values()) == [expected]


def test_a_rule_cannot_be_told_of_a_server_that_is_not_made(tmp_path: Path) -> None:
    plan = a_plan(
        [
            a_change(INSTANCE, "web", a_new_server()),
            a_change(RULE, "r", _rule(("zone", "EQUALS", '"us-south-1"'))),
        ]
    )
    assert list(_trust(tmp_path, plan).values()) == [DOUBTFUL]


def test_a_rule_about_regions_cannot_be_told_where_the_region_is_not_known(tmp_path: Path) -> None:
    plan = a_plan(
        [
            a_change(INSTANCE, "web", a_new_server(zone=UNKNOWN)),
            a_change(RULE, "r", _rule(("region", "EQUALS", '"us-south"'))),
        ]
    )
    assert list(_trust(tmp_path, plan).values()) == [DOUBTFUL]


def test_rules_are_not_held_against_templates(tmp_path: Path) -> None:
    plan = a_plan(
        [
            a_change(TEMPLATE, "t", a_new_server()),
            a_change(RULE, "r", _rule(("zone", "EQUALS", '"us-south-1"'))),
        ]
    )
    assert list(_trust(tmp_path, plan).values()) == [()]


NAME, AUTO = "default_trusted_profile_target", "default_trusted_profile_auto_link"


@pytest.mark.parametrize("kind", [INSTANCE, TEMPLATE])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({NAME: "Profile-1"}, CERTAIN),
        ({NAME: "Profile-1", AUTO: True}, CERTAIN),
        ({NAME: "Profile-1", AUTO: False}, ()),
        ({NAME: "Profile-1", AUTO: UNKNOWN}, DOUBTFUL),
        ({NAME: None, AUTO: None}, ()),
        ({}, ()),
    ],
)
def test_a_default_profile_is_linked_to_a_new_server_unless_it_is_told_not_to(
    tmp_path: Path, kind: str, values: Json, expected: tuple[TrustingProfile, ...]
) -> None:
    plan = a_plan([a_change(kind, "web", a_new_server(**values))], [a_configured(kind, "web")])
    assert list(_trust(tmp_path, plan).values()) == [expected]


def test_a_default_profile_that_is_not_made_yet_is_told_by_its_name(tmp_path: Path) -> None:
    expression = written(UNKNOWN, "ibm_iam_trusted_profile.p.id", "ibm_iam_trusted_profile.p")
    plan = a_plan(
        [
            a_change(INSTANCE, "web", {**a_new_server(), NAME: UNKNOWN}),
            a_change(PROFILE, "p", {"id": UNKNOWN, "name": "reader"}),
        ],
        [a_configured(INSTANCE, "web", **{NAME: expression})],
    )
    assert list(_trust(tmp_path, plan).values()) == [(TrustingProfile(None, "reader"),)]


def test_the_link_of_a_server_that_exists_may_have_been_taken_away(tmp_path: Path) -> None:
    state = a_shown_state(a_shown(INSTANCE, "web", {**a_known_server(), NAME: "Profile-1"}))
    assert list(_trust(tmp_path, state).values()) == [DOUBTFUL]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"auto_link": True, "target": [{"id": "Profile-1"}]}, CERTAIN),
        ({"auto_link": True, "target": [{"crn": "crn:x::profile:Profile-1"}]}, CERTAIN),
        ({"auto_link": False, "target": [{"id": "Profile-1"}]}, ()),
        (
            {"auto_link": UNKNOWN, "target": [{"id": UNKNOWN}]},
            (TrustingProfile(None, is_certain=False),),
        ),
    ],
)
def test_bare_metal_has_its_default_profile_in_a_block(
    tmp_path: Path, block: Json, expected: tuple[TrustingProfile, ...]
) -> None:
    values = a_new_server(Provider.BLOCK, METAL, default_trusted_profile=[block])
    plan = a_plan([a_change(METAL, "db", values)], [a_configured(METAL, "db")])
    assert list(_trust(tmp_path, plan).values()) == [expected]


def test_a_certain_way_counts_more_than_a_doubtful_one(tmp_path: Path) -> None:
    plan = a_plan(
        [
            a_change(INSTANCE, "web", a_known_server(), actions=["no-op"]),
            a_change(RULE, "r", _rule(("vpc_id", "EQUALS", UNKNOWN))),
            a_change(LINK, "l", _link(a_crn("web"))),
        ]
    )
    assert list(_trust(tmp_path, plan).values()) == [CERTAIN]


def _link(crn: object) -> Json:
    return {"profile_id": "Profile-1", "cr_type": "VSI", "link": [{"crn": crn}]}


def _rule(*conditions: tuple[str, str, Any]) -> Json:
    return {
        "profile_id": "Profile-1",
        "type": "Profile-CR",
        "cr_type": "VSI",
        "conditions": [
            {"claim": claim, "operator": operator, "value": value}
            for claim, operator, value in conditions
        ],
    }


def _configured_link(*references: str, **more: Any) -> Json:  # noqa: ANN401
    expressions = {"link": [{"crn": written(UNKNOWN, *references)}], **more}
    return a_configured(LINK, "l", **expressions)


def _trust(folder: Path, document: Json) -> dict[str, tuple[TrustingProfile, ...]]:
    subjects = read_terraform(save(folder, document)).subjects
    return {subject.key: subject.trust.profiles if subject.trust else () for subject in subjects}
