"""Hands the App to a command when its options have been parsed, and not before."""

from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from vpcmetactl.cli.context import App

P = ParamSpec("P")
R = TypeVar("R")


def current_app(ctx: click.Context) -> "App":
    """Return the App of the root context, made for this process if nobody gave one."""
    root = ctx.find_root()
    if root.obj is None:
        from vpcmetactl.cli.bootstrap import default_app  # noqa: PLC0415 - usage errors come first

        root.obj = default_app()
    app: App = root.obj
    return app


def pass_app(command: "Callable[Concatenate[App, P], R]") -> Callable[P, R]:
    """Give a command the App as its first argument."""

    def handed(*args: P.args, **kwargs: P.kwargs) -> R:
        return command(current_app(click.get_current_context()), *args, **kwargs)

    return update_wrapper(handed, command)
