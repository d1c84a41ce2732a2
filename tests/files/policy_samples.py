"""Policy files for tests."""

import json
import tomllib
from typing import Any

from jsonschema import Draft202012Validator

from vpcmetactl.files.schemas import schema_texts

# Every key there is.
WHOLE = """\
format_version = 1
name = "Production"
unknown = "fail"

[[rules]]
check = "vpcmeta001"
servers = { vpc = "prod", kind = "bare-metal", name = ["db-*", "db-*", "web-[ab]"] }
protocol = "https"
severity = "high"

[[rules]]
check = "VPCMETA004"
max_response_hop_limit = 2

[[rules]]
check = "VPCMETA006"
profiles = "admin-*"
servers = { where = "zone == 'eu-de-1'", address = "module.*", instance_group = "web" }

[[rules]]
check = "VPCMETA007"
verdicts = ["needed", "unknown"]
enabled = false

[[rules]]
check = "VPCMETA102"
severity = "info"

[[waivers]]
check = "VPCMETA001"
servers = { server = "web-1", region = ["eu-de"], zone = "eu-de-1", status = "running", resource_group = "Default" }
owner = "platform "
reason = "the old agent speaks http only"
expires = 2027-01-31
"""  # noqa: E501 - an inline table is one line

# The least that is a policy.
RULE = 'format_version = 1\n[[rules]]\ncheck = "VPCMETA001"\n'
# One waiver, to be put behind.
WAIVER = """
[[waivers]]
check = "VPCMETA001"
servers = { name = "*" }
owner = "me"
reason = "because"
expires = 2027-01-31
"""


def complaints(text: str) -> list[str]:
    validator = Draft202012Validator(json.loads(schema_texts()["policy.schema.json"]))
    told: Any = tomllib.loads(text)
    for waiver in told.get("waivers", ()):
        waiver["expires"] = str(waiver["expires"])
    return [error.message for error in validator.iter_errors(told)]
