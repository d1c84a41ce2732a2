"""What a usage error needs must not pay for what a result needs."""

import subprocess
import sys

import pytest

_HEAVY = ("msgspec", "jmespath", "vpcmetactl.render.formats")


@pytest.mark.parametrize(
    "module",
    [
        "vpcmetactl.render.options",
        "vpcmetactl.render.documents",
        "vpcmetactl.render.choices",
        "vpcmetactl.render.envelope",
        "vpcmetactl.render.schemas.reading",
    ],
)
def test_options_and_failures_load_no_encoder(module: str) -> None:
    program = f"import sys, {module}; print(sorted(set({_HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "[]\n"
