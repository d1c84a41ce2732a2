"""Help that can be read: options in sections, and what is everywhere at the end."""

from collections.abc import Mapping, Sequence

import click

# Options that many commands share, by the name of their parameter. What a command has besides
# comes first, under "Options".
_SECTIONS: Mapping[str, str] = {
    "Which servers": "region kind vpc resource_group zone name status tag instance_group where "
    "from_file ignore_not_found all_servers",
    "What is printed": "output query sort columns limit exit_code",
    "Planning": "dry_run plan_out plan_life allow_incomplete check_trust terraform_states "
    "container_host_tag allow_identity_loss",
    "Applying": "yes no_input canary max_failures soak max_targets expect_count expect_digest wait",
    "Where it is read from": "source state no_state restart_rule",
    "Account and network": "context api_key_file account endpoints ca_bundle timeout max_workers "
    "max_rps",
    "Everywhere": "quiet verbose help",
}
_SECTION_OF = {name: title for title, names in _SECTIONS.items() for name in names.split()}
_OWN = "Options"


class Command(click.Command):
    """A command whose help has its options in sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then those it shares with others."""
        sections: dict[str, list[tuple[str, str]]] = {title: [] for title in (_OWN, *_SECTIONS)}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                name = max(param.opts, key=len).removeprefix("--").replace("-", "_")
                title = _SECTION_OF.get(name) or _SECTION_OF.get(param.name or "", _OWN)
                sections[title].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Group(click.Group):
    """A group of such commands."""

    command_class: type[click.Command] | None = Command


def completed(words: Sequence[str], incomplete: str) -> list[str]:
    """Return the words that begin like what was typed so far."""
    return [word for word in words if word.startswith(incomplete)]
