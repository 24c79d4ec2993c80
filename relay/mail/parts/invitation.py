"""A calendar invitation in a few lines, for a mail that says nothing else: what, when, where, who organises (RFC 5545, RFC 5546).

    Board replacement
    2026-03-02 10:00–11:00 (Europe/Moscow)
    Lesnaya 5
    Ivan Petrov <ivan@north.example>

No language but the writer's own: a withdrawn or answered one has the calendar's word before it, `[CANCEL]`, `[REPLY: ACCEPTED]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

LARGEST = 200_000  # characters that are looked at
LONGEST = 1000  # characters of a line of ours
_FOLDED = re.compile(r"\r?\n[ \t]")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,40})=("[^"]*"|[^;:"]*)')
_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")
_ESCAPED = re.compile(r"\\([\\;,nN])")
_DURATION = re.compile(r"P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:\d{1,6}S)?)?$")
_SILENT = frozenset({"REQUEST", "PUBLISH", ""})


@dataclass(frozen=True, slots=True)
class _Property:
    """One line of it: parameters by their names in capitals, and the value as written."""

    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value as text, on one line."""
        plain = _ESCAPED.sub(lambda match: " " if match[1] in "nN" else match[1], self.value)
        return " ".join(plain.split())[:LONGEST]


def text(source: str, author: str = "") -> str:
    """The first event (or task) of an iCalendar stream as lines, "" when there is none. `author` is not named as organiser."""
    found = _event(source)
    lines = (_what(found), _when(found), _of(found, "LOCATION"), _organiser(found, author))
    return "\n".join(line for line in lines if line) if "SUMMARY" in found or "DTSTART" in found else ""


def _event(source: str) -> dict[str, _Property]:
    """The properties of the first VEVENT or VTODO by name, without those of parts in it, and the calendar's METHOD."""
    found: dict[str, _Property] = {}
    inside: list[str] = []
    for name, prop in _properties(source):
        if name == "BEGIN":
            inside.append(prop.value.strip().upper())
        elif name == "END" and inside:
            if inside.pop() in ("VEVENT", "VTODO"):
                return found
        elif name == "METHOD" or (inside and inside[-1] in ("VEVENT", "VTODO")):
            found.setdefault(name, prop)
            if name == "ATTENDEE" and "PARTSTAT" in prop.parameters:
                found.setdefault("PARTSTAT", _Property({}, prop.parameters["PARTSTAT"]))
    return found


def _properties(source: str) -> Iterator[tuple[str, _Property]]:
    for line in _FOLDED.sub("", source[:LARGEST]).splitlines():
        name = _NAME.match(line)
        if name is None:
            continue
        parameters, at = {}, name.end()
        while parameter := _PARAMETER.match(line, at):
            parameters[parameter[1].upper()] = parameter[2].strip('"')
            at = parameter.end()
        if line[at : at + 1] == ":":
            yield name[0].upper(), _Property(parameters, line[at + 1 :])


def _of(found: dict[str, _Property], name: str) -> str:
    return found[name].text if name in found else ""


def _what(found: dict[str, _Property]) -> str:
    method, answer = _of(found, "METHOD").upper(), _of(found, "PARTSTAT").upper()
    word = f"{method}: {answer}" if method == "REPLY" and answer else method
    return f"{'' if method in _SILENT else f'[{word}] '}{_of(found, 'SUMMARY')}".strip()


def _when(found: dict[str, _Property]) -> str:
    """`2026-03-02 10:00–11:00 (Europe/Moscow)`; whole days without times."""
    begins = _moment(found.get("DTSTART") or found.get("DUE"))
    if begins is None:
        return ""
    start, days, zone = begins
    end = _end(found, start)
    if days:
        last = (end - timedelta(days=1)) if end and end > start else start
        return f"{start:%Y-%m-%d}" + (f" – {last:%Y-%m-%d}" if last > start else "")
    until = "" if end is None or end <= start else f"–{end:%H:%M}" if end.date() == start.date() else f" – {end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M}{until}" + (f" ({zone})" if zone else "")


def _end(found: dict[str, _Property], start: datetime) -> datetime | None:
    if ends := _moment(found.get("DTEND")):
        return ends[0]
    lasts = _DURATION.match(_of(found, "DURATION"))
    if lasts is None:
        return None
    weeks, days, hours, minutes = (int(number or 0) for number in lasts.groups())
    try:
        return start + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    except OverflowError:
        return None


def _moment(prop: _Property | None) -> tuple[datetime, bool, str] | None:
    """A point in time, whether it is a whole day, and its zone's name as written."""
    value = prop.value.strip() if prop else ""
    if prop is None or not re.fullmatch(r"(?a)\d{8}(T\d{6}Z?)?", value):
        return None
    try:
        at = datetime.strptime(value.rstrip("Z"), "%Y%m%dT%H%M%S" if "T" in value else "%Y%m%d")
    except ValueError:
        return None
    zone = "UTC" if value.endswith("Z") else " ".join(prop.parameters.get("TZID", "").split())[:100]
    return at, "T" not in value, zone


def _organiser(found: dict[str, _Property], author: str) -> str:
    if "ORGANIZER" not in found:
        return ""
    prop = found["ORGANIZER"]
    address = re.sub(r"(?i)^mailto:", "", prop.text).lower()
    if address == author.lower() and address:
        return ""
    name = " ".join(prop.parameters.get("CN", "").split())[:LONGEST]
    return f"{name} <{address}>" if name and name.lower() != address else address
