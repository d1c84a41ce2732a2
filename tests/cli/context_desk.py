"""A user who names contexts, with a cloud for each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support.app import a_terminal, an_app, use
from tests.support.builders import ACCOUNT, OFF, ON, an_instance
from tests.support.fake_cloud import InMemoryCloud
from tests.support.program import Ran
from vpcmetactl.cli.context import Cloud
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.domain.servers import Instance
from vpcmetactl.usecases.ports import Caller, Observer

OTHER = "0b5a00334eaf9eb9339d2ab48f7326b4"
CONFIGURATION = """
[contexts.prod]
account_id = "{account}"
api_key_env = "PROD_KEY"

[contexts.lab]
api_key_env = "LAB_KEY"
exclude_regions = ["eu-de"]

[contexts.nowhere]
api_key_env = "NO_SUCH_KEY"
"""


def elsewhere(name: str, **fields: object) -> Instance:
    """Return an instance of the other account."""
    made = an_instance(name, **fields)  # type: ignore[arg-type]
    return replace(made, account_id=OTHER, crn=(made.crn or "").replace(ACCOUNT, OTHER))


WEB, DB = an_instance("web-1", metadata_service=ON), an_instance("db-1", metadata_service=OFF)
LAB = elsewhere("lab-1", metadata_service=ON)
FAR = elsewhere("far-1", region="eu-de", metadata_service=ON)


@dataclass
class Clouds:
    """A cloud for each context, and a user who names contexts."""

    folder: Path
    clouds: Mapping[str, InMemoryCloud] = field(
        default_factory=lambda: {
            "prod": InMemoryCloud([WEB, DB]),
            "lab": InMemoryCloud([LAB, FAR], caller=Caller(OTHER, "IBMid-LAB", None)),
        }
    )
    keys: Mapping[str, str] = field(
        default_factory=lambda: {
            "PROD_KEY": "prod-secret",
            "LAB_KEY": "lab-secret",
            "IBMCLOUD_API_KEY": "usual-secret",
        }
    )
    text: str = CONFIGURATION.format(account=ACCOUNT)

    def do(self, *words: str | Path) -> Ran:
        path = self.folder / "config.toml"
        path.write_text(self.text)
        environ = {"VPCMETACTL_CONFIG": str(path), **self.keys}
        app = an_app(environ=environ, terminal=a_terminal(environ))

        @contextmanager
        def open_cloud(options: CloudOptions, observer: Observer, workers: int) -> Iterator[Cloud]:
            del observer
            app.settings.connection(options, workers)
            yield self.clouds[options.context.name if options.context else "prod"]

        return use(replace(app, open_cloud=open_cloud), *map(str, words))

    def show(self, *words: str | Path) -> Ran:
        return self.do(*words, "-o", "json")

    def calls(self) -> list[str]:
        """Return what was asked of any account, but who the caller is."""
        asked = [name for cloud in self.clouds.values() for name in cloud.operations()]
        return [name for name in asked if name != "get_caller"]


BOTH = ("--context", "prod", "--context", "lab")


def names(ran: Ran) -> list[str]:
    return [(item.get("server") or item)["name"] for item in ran.answer["items"]]
