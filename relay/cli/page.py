"""A chain as one page for a meeting: its tickets, who had the ball when, all that happened; nothing in it is loaded or run."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relay import address, timeline
from relay.cli.common import visible

if TYPE_CHECKING:
    from relay.lookups import Facts
    from relay.settings import RelaySettings

Span = tuple[datetime, datetime]
SHOWN = ("status", "until", "reference", "stars", "minutes", "reason", "name", "value", "before")  # of an event's data


def render(chain: Facts, settings: RelaySettings, now: datetime) -> str:
    """The page, from what `lookups.show` tells, in the relay's time zone. Addresses of tickets are left out: they are keys."""
    from zoneinfo import ZoneInfo

    import jinja2

    def shown(text: object) -> str:
        return visible(address.scrub(str(text), settings.domain))

    def local(at: datetime | str) -> str:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        return f"{moment.astimezone(ZoneInfo(settings.timezone)):%Y-%m-%d %H:%M}"

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"shown": shown, "local": local}
    start, end, found = times(chain, now)
    values = {
        "chain": chain,
        "start": start,
        "end": end,
        "zone": settings.timezone,
        "lines": [_line(ticket, found.get(ticket["id"], []), start, end) for ticket in chain["tickets"]],
    }
    names = {ticket["id"]: ticket["name"] for ticket in chain["tickets"]}
    return environment.get_template("chain.html.jinja").render(**values, names=names, facts=_facts, made=now)


def times(chain: Facts, now: datetime) -> tuple[datetime, datetime, dict[int, list[Span]]]:
    """From when to when (`now` while somebody has the ball), and by ticket the times at which it had the ball."""
    start, found = datetime.fromisoformat(chain["opened_at"]), defaultdict(list)
    for spell in chain["spells"]:
        until = datetime.fromisoformat(spell["until"]) if spell["until"] else max(now, start)
        found[spell["ticket"]].append((datetime.fromisoformat(spell["since"]), until))
    return start, max((until for spells in found.values() for _, until in spells), default=start), dict(found)


def _line(ticket: Facts, spells: list[Span], start: datetime, end: datetime) -> dict[str, Any]:
    """A ticket's line of the timeline: (percent, filled or not) pieces that are 100 percent together."""
    whole, at, pieces = max(end - start, timedelta(seconds=1)), start, []
    for since, until in spells:
        pieces += [((since - at) / whole * 100, False), ((until - since) / whole * 100, True)]
        at = until
    pieces.append(((end - at) / whole * 100, False))
    held = timeline.spoken(sum((until - since for since, until in spells), timedelta())) if spells else ""
    return {"ticket": ticket, "pieces": [piece for piece in pieces if piece[1] or piece[0] > 0], "held": held}


def _facts(event: Facts) -> str:
    """What an event's data say, in a line."""
    return ", ".join(f"{key} {value}" for key, value in event["data"].items() if key in SHOWN and value)
