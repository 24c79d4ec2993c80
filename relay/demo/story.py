"""Plays the conversation, shows it as it goes, and checks at each step that what was claimed has happened."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import textwrap
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from relay import lookups
from relay.demo import checks, clients, glance, pages
from relay.demo.checks import Played
from relay.demo.letter import Landed
from relay.demo.mails import Draft
from relay.demo.pages import Wrote
from relay.demo.place import Place, opened
from relay.demo.post import LOCALHOST, send
from relay.demo.scenario import CLIENTS, DOMAIN, PEOPLE, STEPS, SUMMARIES, Step, Summary

PATIENCE = 20.0  # seconds for a letter to land; it takes a fraction of one
PAUSE = 0.05  # seconds between looks at what has become of a mail that takes long
Say = Callable[[str], None]
_QUEUED = re.compile(r"queued as (\S+)")


class Failed(Exception):
    """Something that the demo claims has not happened."""


async def run(folder: Path, port: int, stay: bool, say: Say) -> None:
    """The whole demo. Raises Unusable before it begins, Failed when a step does not do what it should."""
    async with opened(folder, port) as place:
        story = Story(place, say)
        try:
            await story.play()
        finally:
            story.write_page()
        story.say_where()
        if stay:
            await story.stay()


def _message_id(raw: bytes) -> str:
    found = re.search(rb"(?im)^Message-ID: (\S+)", raw)
    assert found is not None
    return found[1].decode()


def _is(message_id: str, letter: Landed) -> bool:
    return letter.message_id == message_id


def _is_from(sender: str, letter: Landed) -> bool:
    return letter.author.address.startswith(sender)


class Story:
    """One performance."""

    def __init__(self, place: Place, say: Say) -> None:
        self._place, self._say = place, say
        self._told: list[Landed | Wrote] = []
        self._sent: dict[str, str] = {}
        self._claims: list[str] = []
        self._before: list[str] = []  # lines that were written, but for facts, which every letter may repeat
        self._facts = {name for link in place.settings.links.values() for name in link.fields}
        self._aside: set[str] = set()  # letters that nobody answers: internal notes, and the relay's own
        self._last: tuple[Draft, list[str], bytes] | None = None

    async def play(self) -> None:
        """Every step, the checks over all of it, and the chain as the admin sees it."""
        self._begin()
        for number, step in enumerate(STEPS, 1):
            await self._step(number, step)
        for number, summary in enumerate(SUMMARIES, len(STEPS) + 1):
            await self._sum_up(number, summary)
        self._check_all()
        await self._show_chain()

    def write_page(self) -> None:
        """index.html of what there is so far."""
        pages.write(self._place.folder, self._place.settings, self._told, self._claims)

    # ── one step ───────────────────────────────────────────────────────────────────────────────────────────

    async def _step(self, number: int, step: Step) -> None:
        self._say_what(number, step.what)
        draft, recipients, raw = self._written(step)
        answer = await send(self._place.port, draft.author.address, recipients, raw)
        self._note(number, step, draft, raw)
        if number == 1 or not answer.startswith("250 "):
            self._say(f"      the relay answers: {answer}")
        if step.outcome == "refused":
            self._expect(
                number, answer.startswith("550 5.7.1 "), f"the relay should refuse it with 550 5.7.1, and said: {answer}"
            )
            return
        queued = _QUEUED.search(answer)
        if not answer.startswith("250 ") or queued is None:
            raise Failed(f"step {number}: the relay should take the mail, and said: {answer}")
        await self._outcome(number, step, draft, await self._mail(number, queued[1]))

    def _written(self, step: Step) -> tuple[Draft, list[str], bytes]:
        """The mail, and whom its envelope names; for a mail that is sent again, the very same."""
        if step.outcome == "nothing":
            assert self._last is not None
            return self._last
        draft = self._draft(step)
        recipients = [draft.to, *([draft.cc] if draft.cc else [])]
        self._last = draft, recipients, clients.write(draft)
        return self._last

    def _draft(self, step: Step) -> Draft:
        author, post = PEOPLE[step.by], self._place.post
        if step.to == "click":
            return self._clicked(step)
        newest = post.newest(author.address, () if step.to == "note" else self._aside)
        to = f"{step.link}@{DOMAIN}"
        if step.to == "victim":
            to = next(letter.author.address for letter in post.landed if letter.mailbox == step.victim)
        elif step.to != "intake":
            assert newest is not None, f"{author.address} has no letter to answer"
            to = newest.note_address if step.to == "note" else newest.author.address
        answers = newest if step.to in ("thread", "note") else None
        cc = f"{step.copy}@{DOMAIN}" if step.copy else ""
        return Draft(author, to, step.subject, step.words, datetime.now(UTC), cc, step.files, answers, step.below)

    def _clicked(self, step: Step) -> Draft:
        """The mail that the link begins, and what is typed behind it."""
        letter = self._place.post.newest(step.by)
        offer = next((offer for offer in letter.links if offer.body == step.offer), None) if letter else None
        if offer is None:
            raise Failed(f"the newest letter to {step.by} does not offer {step.offer}")
        words = f"{offer.body} {step.words}".strip()
        return Draft(PEOPLE[step.by], offer.to, offer.subject, words, datetime.now(UTC))

    async def _mail(self, number: int, queue_id: str) -> dict[str, Any]:
        """What `relay trace` says about the mail, once it is settled."""

        def look() -> list[dict[str, Any]]:
            return self._place.database.read_now(lambda c: lookups.trace(c, self._place.settings, queue_id))

        for _ in range(int(PATIENCE / PAUSE)):
            if found := await asyncio.to_thread(look):
                return found[0]
            await asyncio.sleep(PAUSE)
        raise Failed(f"step {number}: nothing has become of the mail {queue_id}")

    async def _outcome(self, number: int, step: Step, draft: Draft, mail: dict[str, Any]) -> None:
        state = {"letters": "done", "nothing": "again", "held": "held"}[step.outcome]
        self._expect(number, mail["state"] == state, f"the mail should be {state}, and is {mail['state']}: {mail['reason']}")
        kinds = {row["to"]: row["kind"] for row in mail["letters"]}
        wanted = [*step.reaches, *([step.by] if step.told else [])]
        to = sorted(row["to"] for row in mail["letters"])
        self._expect(number, to == sorted(wanted), f"letters should go to {sorted(wanted)}, and go to {to}")
        if not to:
            self._say("  --> nobody: it is known already")
        rows = sorted(mail["letters"], key=lambda row: wanted.index(row["to"]))
        letters = [await self._landed(number, row["to"], partial(_is, row["message_id"])) for row in rows]
        self._told += letters
        self._show(letters, step.by)
        self._aside |= {letter.message_id for letter in letters if kinds[letter.to] not in ("comment", "pass")}
        for letter in letters:
            if kinds[letter.to] in checks.CARRYING and (wrong := checks.carries(letter, kinds[letter.to], draft, self._before)):
                raise Failed(f"step {number}: the letter to {letter.to} is not as it should be: {wrong[0]}")
        self._before += [line for line in checks.typed(draft.words) if line.partition(":")[0] not in self._facts]

    async def _landed(self, number: int, to: str, fits: Callable[[Landed], bool]) -> Landed:
        try:
            return await self._place.post.letter(to, fits, PATIENCE)
        except TimeoutError:
            raise Failed(f"step {number}: no letter has come to {to} within {PATIENCE:.0f} seconds") from None

    async def _sum_up(self, number: int, summary: Summary) -> None:
        """A letter that nobody's mail has brought about."""
        self._say_what(number, summary.what)
        await self._command(*summary.command)
        self._say(f"      $ relay -c {self._place.config} {' '.join(summary.command)}")
        letters = [await self._landed(number, to, partial(_is_from, summary.sender)) for to in summary.reaches]
        self._told += letters
        self._aside |= {letter.message_id for letter in letters}
        self._show(letters, "")

    def _expect(self, number: int, so: bool, otherwise: str) -> None:
        if not so:
            raise Failed(f"step {number}: {otherwise}")

    async def _command(self, *arguments: str) -> str:
        """What the command prints, itself, beside the running relay."""
        command = ("-m", "relay.cli.main", "-c", str(self._place.config), *arguments)
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=pipe, stderr=pipe)
        shown, mistakes = (output.decode(errors="replace") for output in await child.communicate())
        if child.returncode != 0:
            raise Failed(f"`relay {' '.join(arguments)}` ended with {child.returncode}: {mistakes}")
        return shown

    # ── what is shown ──────────────────────────────────────────────────────────────────────────────────────

    def _begin(self) -> None:
        place = self._place
        self._say(f"A relay serves {DOMAIN} on {LOCALHOST}:{place.port}; it logs to {place.folder / 'relay.log'}.\n")
        for link in place.settings.links.values():
            upstream, downstream = (place.settings.parties[key].name for key in (link.upstream, link.downstream))
            hidden = "; neither knows who is beyond the other" if link.identity == "hidden" else ""
            self._say(f"  {upstream} passes tickets to {downstream} by mail to {link.key}@{DOMAIN}{hidden}")

    def _say_what(self, number: int, what: str) -> None:
        self._say("\n" + "\n".join(textwrap.wrap(f"{number:>2}. {what}", glance.WIDTH, subsequent_indent="    ")))

    def _note(self, number: int, step: Step, draft: Draft, raw: bytes) -> None:
        """Keeps the mail as it was sent, and shows it."""
        kept = self._place.folder / "sent" / f"{number:02}-{draft.author.address.partition('@')[0]}.eml"
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(raw)
        author, to = draft.author, ", ".join(filter(None, (draft.to, draft.cc)))
        client, link = CLIENTS[author.client], f"sent/{kept.name}"
        party = self._place.settings.parties[author.party].name if author.party else "nobody knows who"
        self._say(f"      {author.name} ({party}), with {client}, to {to}")
        if step.subject:
            self._say(f"      Subject: {draft.title}")
        if step.outcome == "nothing":
            return
        self._sent[_message_id(raw)] = author.party
        if author.party:
            self._told.append(Wrote(author.party, author.name, client, to, draft.title, draft.shown, link))
        for line in glance.written(draft):
            self._say(f"      | {line}".rstrip())

    def _show(self, letters: Iterable[Landed], author: str) -> None:
        """What landed: letters to others, then what the author himself got."""
        every = list(letters)
        lines = list(glance.landed([letter for letter in every if letter.to != author]))
        lines += [line for letter in every if letter.to == author for line in glance.receipt(letter)]
        for line in lines:
            self._say(line)

    # ── the end ────────────────────────────────────────────────────────────────────────────────────────────

    def _check_all(self) -> None:
        played = Played(self._place.settings, tuple(self._place.post.landed), self._sent)
        self._say(f"\nChecked on all {len(played.letters)} letters as they lie in the mailboxes:")
        for claim, check in checks.CLAIMS.items():
            for wrong in check(played):
                raise Failed(f"not so: {claim}: {wrong}")
            self._say(f"  {claim}.")
            self._claims.append(f"Checked: {claim}.")

    async def _show_chain(self) -> None:
        """What `relay show` prints, without its long end."""
        top = "\n\n".join((await self._command("show", "A-1")).split("\n\n")[:2])
        self._say(f"\n$ relay -c {self._place.config} show A-1\n{top}\n(and below it every event and delivery)")

    def say_where(self) -> None:
        """Where everything is, and how to look at it."""
        folder = self._place.folder
        self._say(f"\nThe mailboxes side by side, in a browser:    {folder / 'index.html'}")
        self._say(f"One of them (a Maildir), in a terminal:      neomutt -f {folder / 'mailboxes' / 'customer'}")
        self._say(f"The mails as their writers sent them:        {folder / 'sent'}")
        self._say(f"The relay's log:                             {folder / 'relay.log'}")
        self._say("The same, and then write yourself:           relay demo --stay")

    async def stay(self) -> None:
        """Serves on until Ctrl-C; shows each letter as it lands."""
        self._say_addresses()
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        self._place.post.told = self._landed_later
        await stopped.wait()
        self._say("\nStopping.")

    def _landed_later(self, letter: Landed) -> None:
        self._told.append(letter)
        self._say("")
        self._show([letter], letter.to if letter.is_automatic else "")
        self.write_page()

    def _say_addresses(self) -> None:
        port, settings, post = self._place.port, self._place.settings, self._place.post
        self._say(f"\nThe relay and the mailboxes stay until Ctrl-C. Write to {LOCALHOST}:{port} as one of these:\n")
        for party in settings.parties.values():
            mailbox = (letter for letter in reversed(post.landed) if letter.mailbox == party.key)
            newest = next(letter for letter in mailbox if letter.message_id not in self._aside)
            self._say(f"  {party.name}: {', '.join(contact.address for contact in party.contacts)}")
            self._say(f"    to everyone on the ticket:   {newest.author.address}")
            self._say(f"    to their own people only:    {newest.note_address}")
            for link in settings.links.values():
                if link.upstream == party.key:
                    self._say(f"    to open a new ticket:        {link.key}@{DOMAIN}")
        customer = next(letter for letter in post.landed if letter.mailbox == "customer")
        self._say("\nFor example:\n")
        self._say(f"  swaks --server {LOCALHOST}:{port} --from {customer.to} --to {customer.author.address} \\")
        self._say("        --header 'Subject: Re: samovar' --body 'Where is the master?'")
        name, url = PEOPLE[customer.to].name, f"smtp://{LOCALHOST}:{port}"
        self._say(f'  neomutt -e \'set from="{customer.to}" realname="{name}" smtp_url="{url}" ssl_force_tls=no\' \\')
        self._say(f"        -f {self._place.folder / 'mailboxes' / 'customer'}")
        self._say("\nNew letters are shown here as they land:")
