"""index.html: the mailboxes side by side, without a script; a letter's HTML is shown in a sandboxed frame."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import quote

import jinja2

from relay.demo.letter import Landed, Part
from relay.settings import Settings

FILES = "files"


@dataclass(frozen=True, slots=True)
class Shown:
    """A letter as the page shows it; `html` has its pictures in it, `files` are (name, link) pairs."""

    letter: Landed
    html: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Wrote:
    """A mail that somebody of the party sent: who, with which client, where to, and the file it is kept in."""

    mailbox: str
    name: str
    client: str
    to: str
    subject: str
    words: str
    link: str


@dataclass(frozen=True, slots=True)
class Column:
    """One mailbox: its party, its people, and what it got and wrote, in order."""

    party: str
    people: tuple[str, ...]
    entries: tuple[Shown | Wrote, ...]


def write(folder: Path, settings: Settings, story: Sequence[Landed | Wrote], claims: Sequence[str]) -> Path:
    """Writes index.html and the letters' files; `story` are letters and mails as they came, `claims` what was checked."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    columns = [
        Column(
            party=party.name,
            people=tuple(f"{contact.name} <{contact.address}>" for contact in party.contacts),
            entries=tuple(_entry(folder, i, one) for i, one in enumerate(story) if one.mailbox == party.key),
        )
        for party in settings.parties.values()
    ]
    page = folder / "index.html"
    page.write_text(environment.get_template("index.html.jinja").render(columns=columns, claims=claims), "utf-8")
    return page


def _entry(folder: Path, number: int, one: Landed | Wrote) -> Shown | Wrote:
    if isinstance(one, Wrote):
        return one
    html = one.html
    for file in one.files:
        if file.content_id:
            data = f"data:{file.type};base64,{base64.b64encode(file.content).decode()}"
            html = html.replace(f"cid:{file.content_id}", data)
    return Shown(one, html, tuple((file.name, _kept(folder, number, file)) for file in one.files))


def _kept(folder: Path, number: int, file: Part) -> str:
    """The file on disk, under its own name without any folder of it; returns the link to it."""
    place = folder / FILES / f"{number + 1:02}"
    place.mkdir(parents=True, exist_ok=True)
    name = PurePath(file.name.replace("\\", "/")).name.strip(".") or "unnamed"
    (place / name).write_bytes(file.content)
    return quote(f"{FILES}/{place.name}/{name}")
