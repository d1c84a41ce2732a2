"""Contexts: accounts to work in by name, as they are told, without any secret."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSummary:
    """What the configuration says of one context.

    ``credentials`` are words for where they come from, and ``problem`` says why they cannot be
    had from there, where that can be told without a call.
    """

    name: str
    account_id: str | None
    credentials: str
    problem: str | None
    regions: tuple[str, ...]
    exclude_regions: tuple[str, ...]
    vpc_url: str
    iam_url: str
    search_url: str
