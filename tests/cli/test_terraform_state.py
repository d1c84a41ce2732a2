"""Changes of servers that Terraform manages, on the command line."""

import json
from pathlib import Path

from tests.support.builders import OFF, an_instance
from tests.support.desk import Desk

WEB = an_instance("web-1", metadata_service=OFF)
DB = an_instance("db-1", metadata_service=OFF)


def a_state(folder: Path) -> Path:
    attributes = {"id": WEB.id, "name": "web-1", "zone": "us-south-1", "crn": WEB.crn}
    instance = {"schema_version": 1, "attributes": attributes, "index_key": "a"}
    resource = {
        "mode": "managed",
        "type": "ibm_is_instance",
        "name": "web",
        "provider": 'provider["registry.terraform.io/ibm-cloud/ibm"]',
        "instances": [instance],
    }
    path = folder / "terraform.tfstate"
    state = {"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "x"}
    path.write_text(json.dumps({**state, "outputs": {}, "resources": [resource]}))
    return path


def test_who_will_take_it_back_is_told_with_what_to_write(tmp_path: Path) -> None:
    desk = Desk(servers=[WEB, DB])
    words = ("metadata", "enable", "--all", "--protocol", "https", "--dry-run")

    ran = desk.do(*words, "--terraform-state", a_state(tmp_path))
    shown = desk.show(*words, "--terraform-state", a_state(tmp_path))

    assert ran.exit_code == 0
    assert 'ibm_is_instance.web["a"]' in ran.stdout
    assert 'protocol           = "https"' in ran.stdout
    notes = {
        item["server"]["name"]: [note for note in item["notes"] if note["hcl"]]
        for item in shown.answer["items"]
    }
    assert notes["db-1"] == []
    assert notes["web-1"][0]["code"] == "managed_by_terraform"
    assert notes["web-1"][0]["hcl"].startswith("metadata_service {")


def test_what_is_no_state_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfstate"
    path.write_text("{}")
    desk = Desk(servers=[WEB])

    ran = desk.do("metadata", "enable", "--all", "--dry-run", "--terraform-state", path)

    assert (ran.exit_code, ran.stdout) == (2, "")
    assert str(path) in ran.stderr
    assert desk.cloud.operations() == []


def test_the_note_goes_through_a_plan_file_and_the_journal(tmp_path: Path) -> None:
    desk = Desk(servers=[WEB])
    state, plan = a_state(tmp_path), tmp_path / "plan.json"
    desk.do("metadata", "enable", "--all", "--terraform-state", state, "--plan-out", plan)

    shown = desk.show("plan", "show", plan)
    applied = desk.show("plan", "apply", plan, "--yes")

    for answer in (shown.answer, applied.answer):
        [item] = answer["items"]
        assert any((note["hcl"] or "").startswith("metadata_service {") for note in item["notes"])
