"""Moments as the service writes them, in seconds since 1970 and back."""

import re
from time import gmtime, strftime
from typing import Any, Optional

_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)


def seconds_of(value: Any) -> Optional[float]:  # noqa: ANN401 - whatever JSON holds
    """Return the seconds since 1970 of an RFC 3339 moment, or nothing where it is none."""
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not (year and 0 < month < 13 and 0 < day < 32 and hour < 24 and minute < 60 and second < 61):  # noqa: PLR2004 - the calendar
        return None
    from calendar import timegm  # noqa: PLC0415 - needed where something has answered

    offset = int(match.group(9) or 0) * 3600 + int(match.group(10) or 0) * 60
    fraction = float(match.group(7) or 0)
    east = -offset if match.group(8) != "-" else offset
    return timegm((year, month, day, hour, minute, second, 0, 0, 0)) + fraction + east


def seconds_of_date(header: Optional[str]) -> Optional[float]:
    """Return the seconds since 1970 of an HTTP ``Date`` header, or nothing where it is none."""
    if not header:
        return None
    from email.utils import mktime_tz, parsedate_tz  # noqa: PLC0415 - rarely needed, and dear

    try:
        parts = parsedate_tz(header)
        return None if parts is None else float(mktime_tz(parts))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def moment_of(seconds: float) -> str:
    """Return a moment in UTC, to the second: ``2026-11-22T03:00:00Z``."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(seconds))
