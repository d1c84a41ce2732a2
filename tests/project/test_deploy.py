"""What is in deploy/ does what it says, as far as that can be tried without a cluster."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project.test_docs_commands import parsed
from tests.support.pages import ROOT

DEPLOY = ROOT / "deploy"
JOBS = ("kubernetes-indexed-job.yaml", "kubernetes-merge.yaml")

# Stands for a program: writes down how it was called, and ends as it is told.
_RECORDER = """#!{python}
import json, os, sys
with open(os.environ["CALLS"], "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
sys.exit(int(os.environ.get("ENDS", "0")))
"""


def documents(name: str) -> dict[str, Any]:
    """Return what a file of Kubernetes describes, by kind."""
    return {one["kind"]: one for one in yaml.safe_load_all((DEPLOY / name).read_text())}


def container(name: str) -> Any:  # noqa: ANN401 - YAML
    """Return the one container of a job."""
    (found,) = documents(name)["Job"]["spec"]["template"]["spec"]["containers"]
    return found


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put programs that only write down how they are called before all others."""
    for name in ("vpcmetactl", "ibmcloud"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(_RECORDER.format(python=sys.executable))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")  # noqa: TID251 - handed on
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def called(calls: Path) -> list[list[str]]:
    return [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []


def shell(script: str, folder: Path, **variables: str) -> int:
    """Run what a container runs, with the folders of this test."""
    script = script.replace("/etc/vpcmetactl", str(folder)).replace("/shards", f"{folder}/shards")
    environment = {**os.environ, "SWEEP": "today", **variables}  # noqa: TID251 - handed on
    return subprocess.run(
        ["/bin/sh", "-euc", script], env=environment, check=False, stderr=subprocess.DEVNULL
    ).returncode


def understood(words: list[str]) -> Mapping[str, Any]:
    """Return the options of a command line of ours, which must be one."""
    return parsed(" ".join(["vpcmetactl", *words])).params


@pytest.mark.parametrize("name", JOBS)
def test_containers_are_not_root_and_write_only_where_they_must(name: str) -> None:
    pod = documents(name)["Job"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"USER {pod['securityContext']['runAsUser']}" in (ROOT / "Dockerfile").read_text()
    assert (pod["restartPolicy"], pod["automountServiceAccountToken"]) == ("Never", False)
    found = container(name)
    assert found["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert found["resources"]["limits"]["memory"]
    assert {mount["name"] for mount in found["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }


def test_each_index_reads_one_context_of_the_configuration(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = documents("kubernetes-indexed-job.yaml")
    data, spec = found["ConfigMap"]["data"], found["Job"]["spec"]
    (tmp_path / "contexts").write_text(data["contexts"])
    (tmp_path / "config.toml").write_text(data["config.toml"])
    (script,) = container("kubernetes-indexed-job.yaml")["args"]

    for index in range(spec["completions"]):
        assert shell(script, tmp_path, JOB_COMPLETION_INDEX=str(index)) == 0

    given = [understood(words) for words in called(calls)]
    assert [one["context"] for one in given] == [(name,) for name in data["contexts"].split()]
    assert [one["file"] for one in given] == [
        f"{tmp_path}/shards/today/shard-{index}.jsonl.gz" for index in range(len(given))
    ]
    # The program itself reads the configuration, and every context in the list is one of it.
    variables = {one["name"] for one in container("kubernetes-indexed-job.yaml")["env"]}
    assert variables == {"SWEEP", "VPCMETACTL_CONFIG", "VPCMETACTL_STATE"}
    monkeypatch.setenv("VPCMETACTL_CONFIG", str(tmp_path / "config.toml"))
    shown = subprocess.run(
        [sys.executable, "-m", "vpcmetactl", "config", "show", "-o", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert all(f'"{name}"' in shown.stdout for name in data["contexts"].split())


@pytest.mark.parametrize(("ends", "code"), [("0", 0), ("4", 0), ("1", 1), ("2", 2), ("5", 5)])
def test_a_shard_that_lacks_something_is_a_shard(
    calls: Path, tmp_path: Path, ends: str, code: int
) -> None:
    (tmp_path / "contexts").write_text("prod\n")
    for script, index in (
        (container("kubernetes-indexed-job.yaml")["args"][0], "JOB_COMPLETION_INDEX"),
        (_code_engine(tmp_path, calls)["vpcmetactl-sweep"], "JOB_INDEX"),
    ):
        assert shell(script, tmp_path, ENDS=ends, **{index: "0"}) == code


def test_no_more_is_tried_again_than_what_may_go_well() -> None:
    spec = documents("kubernetes-indexed-job.yaml")["Job"]["spec"]
    assert (spec["completionMode"], spec["backoffLimitPerIndex"]) == ("Indexed", 2)
    (rule,) = [one for one in spec["podFailurePolicy"]["rules"] if one["action"] == "FailIndex"]
    assert rule["onExitCodes"]["values"] == [2, 5]
    assert rule["onExitCodes"]["containerName"] == "vpcmetactl"


def test_an_index_without_a_context_fails_and_reads_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[contexts.prod]\napi_key_env = "NOT_SET"\n')
    done = subprocess.run(
        [sys.executable, "-m", "vpcmetactl", "snapshot", "save", "x.jsonl", "--context", ""],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"VPCMETACTL_CONFIG": str(tmp_path / "config.toml"), "HOME": str(tmp_path)},
    )
    assert (done.returncode, done.stdout) == (2, "")


# Merging.


def test_all_shards_are_merged_and_the_whole_is_audited(calls: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shards" / "today"
    folder.mkdir(parents=True)
    for index in range(3):
        (folder / f"shard-{index}.jsonl.gz").touch()
    completions = documents("kubernetes-indexed-job.yaml")["Job"]["spec"]["completions"]
    for script in (
        container("kubernetes-merge.yaml")["args"][0],
        _code_engine(tmp_path, calls)["vpcmetactl-merge"],
    ):
        calls.unlink(missing_ok=True)
        assert shell(script, tmp_path, COUNT="3") == 0
        merge, audit = [understood(words) for words in called(calls)]
        assert merge["shards"] == tuple(f"shard-{index}.jsonl.gz" for index in range(3))
        assert (merge["expect"], completions) == (3, 3)
        assert audit["source"] == merge["output"] == "fleet.jsonl.gz"
        # A shard that is missing is the end; what is incomplete is audited.
        assert shell(script, tmp_path, COUNT="3", ENDS="5") == 5
        assert len(called(calls)) == 3


# Code Engine.


def _code_engine(folder: Path, calls: Path) -> dict[str, str]:
    """Return what the jobs run that the script makes, by their names."""
    given = _script(folder, calls, "set-up")
    jobs = [words for words in given if words[:3] == ["ce", "job", "create"]]
    for words in jobs:
        assert words[words.index("--command") + 1] == "sh"
        assert words[words.index("--argument") + 1] == "-euc"
    return {words[words.index("--name") + 1]: words[words.index("-euc") + 2] for words in jobs}


def _script(folder: Path, calls: Path, *words: str) -> list[list[str]]:
    """Run the script, and return how it called ibmcloud."""
    (folder / "contexts").write_text("prod\nstaging\nlab\n")
    shutil.copy(DEPLOY / "code-engine-job-array.sh", folder)
    calls.unlink(missing_ok=True)
    subprocess.run(["./code-engine-job-array.sh", *words], cwd=folder, check=True)
    found = called(calls)
    calls.unlink()
    return found


def test_each_index_of_the_array_reads_one_context(calls: Path, tmp_path: Path) -> None:
    save = _code_engine(tmp_path, calls)["vpcmetactl-sweep"]
    for index in range(3):
        assert shell(save, tmp_path, JOB_INDEX=str(index)) == 0
    given = [understood(words) for words in called(calls)]
    assert [one["context"] for one in given] == [("prod",), ("staging",), ("lab",)]
    assert given[2]["file"] == f"{tmp_path}/shards/today/shard-2.jsonl.gz"


def test_the_array_has_an_index_for_each_context(calls: Path, tmp_path: Path) -> None:
    (submit,) = _script(tmp_path, calls, "sweep")
    assert submit[submit.index("--array-indices") + 1] == "0-2"
    (merge,) = _script(tmp_path, calls, "merge")
    assert "COUNT=3" in merge
    sweep = [word for word in submit if word.startswith("SWEEP=")]
    assert sweep == [word for word in merge if word.startswith("SWEEP=")]
