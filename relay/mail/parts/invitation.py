"""A calendar invitation in a few lines, for a mail that says nothing else: what, when, where, who organises (RFC 5545, RFC 5546).

    Board replacement
    2026-03-02 10:00–11:00 (Europe/Moscow)
    Lesnaya 5
    Ivan Petrov <ivan@north.example>

    Bring the key of the switchboard.

An answered or withdrawn one says so in the calendar's own words: `Accepted: Board replacement`, `Cancelled: …`; who answered is
named where it is not the mail's author. What is described is shown of an invitation only, for an answer repeats it.
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
DESCRIBED = 4000  # characters of a description that are shown
_INVITES = frozenset({"REQUEST", "PUBLISH", "ADD", ""})
# What the methods of RFC 5546 §1.4 that change or answer an event come to; an answer (REPLY) says it by its PARTSTAT.
_METHODS = {"CANCEL": "Cancelled", "COUNTER": "Another time proposed", "DECLINECOUNTER": "Proposed time declined"}
_ANSWERS = {"NEEDS-ACTION": "No answer yet", "IN-PROCESS": "In process"}


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

    @property
    def paragraphs(self) -> str:
        """The value as text with its lines, not more than DESCRIBED characters of it."""
        plain = _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], self.value)
        lines = "\n".join(" ".join(line.split()) for line in plain.split("\n"))
        short = re.sub(r"\n{3,}", "\n\n", lines).strip()
        return short if len(short) <= DESCRIBED else f"{short[:DESCRIBED].rstrip()} …"


def text(source: str, author: str = "") -> str:
    """The first event (or task) of an iCalendar stream as lines, "" when there is none. `author` is not named in it."""
    found = _event(source)
    if "SUMMARY" not in found and "DTSTART" not in found:
        return ""
    lines = (_what(found, author), _when(found), _of(found, "LOCATION"), _person(found, "ORGANIZER", author))
    short = "\n".join(line for line in lines if line)
    described = found["DESCRIPTION"].paragraphs if "DESCRIPTION" in found and _method(found) in _INVITES else ""
    return "\n\n".join(each for each in (short, described) if each)


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
            if name == "ATTENDEE" and "PARTSTAT" in prop.parameters and "PARTSTAT" not in found:
                found |= {"PARTSTAT": _Property({}, prop.parameters["PARTSTAT"]), name: prop}
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


def _method(found: dict[str, _Property]) -> str:
    return _of(found, "METHOD").upper()


def _what(found: dict[str, _Property], author: str) -> str:
    """ "Visit", or with what has become of it: "Declined: Visit", "Declined (Ivan <ivan@north.example>): Visit"."""
    said, summary = _said(found), _of(found, "SUMMARY")
    who = _person(found, "ATTENDEE", author) if _method(found) == "REPLY" else ""
    return ": ".join(each for each in (f"{said} ({who})" if who else said, summary) if each)


def _said(found: dict[str, _Property]) -> str:
    """What an answer or a change says, "" for an invitation."""
    method, answer = _method(found), _of(found, "PARTSTAT").upper()
    if method in _INVITES:
        return ""
    if method == "REPLY" and answer:
        return _ANSWERS.get(answer) or answer.capitalize()
    return _METHODS.get(method) or method.capitalize()


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


def _person(found: dict[str, _Property], role: str, author: str) -> str:
    """ "Ivan <ivan@north.example>", "" for the author and where nobody has the role."""
    if role not in found:
        return ""
    prop = found[role]
    address = re.sub(r"(?i)^mailto:", "", prop.text).lower()
    if address == author.lower() and address:
        return ""
    name = " ".join(prop.parameters.get("CN", "").split())[:LONGEST]
    return f"{name} <{address}>" if name and name.lower() != address else address
