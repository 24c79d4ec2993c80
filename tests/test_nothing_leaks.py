"""Nothing leaks: whatever real mail goes through whatever chain, each party gets what its links share and nothing else.

LEAK_EXAMPLES=1000 makes it a long run.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import Any, Literal

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import Row

from relay import address
from relay.model import Contact, Link
from tests.canaries import Canary, Kind, Posted, World
from tests.chains import DOMAIN, IDENTITIES, shares, trees

EXAMPLES = int(os.environ.get("LEAK_EXAMPLES", "25"))
PICTURE = b"\x89PNG\r\n\x1a\n"

Deed = Literal[
    "open", "comment", "files only", "internal", "misspelt", "note", "answer a note", "pass", "pass by cc", "pass inside",
    "foreign cc", "away", "away to the letter", "bounce", "refuse", "stranger", "released",
]  # fmt: skip
DEEDS: tuple[Deed, ...] = Deed.__args__  # type: ignore[attr-defined]
INSIDE = {"internal", "misspelt", "note", "answer a note", "pass inside", "away", "away to the letter"}
BY_A_STRANGER = {"stranger", "released"}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody does; `seat` chooses the ticket (newest first), `pen` the writer among colleagues."""

    deed: Deed
    seat: int = 0
    pen: int = 0
    html: bool = False
    quote: Literal["", "gmail", "outlook", "русская"] = ""
    signature: bool = False
    files: int = 0
    picture: bool = False
    mentions: bool = False  # his own thread address in the text
    bottom: bool = False  # commands below the text
    late: bool = False  # letters go out after the next act


acts = st.builds(
    Act,
    deed=st.sampled_from(DEEDS),
    seat=st.integers(0, 12),
    pen=st.integers(0, 2),
    html=st.booleans(),
    quote=st.sampled_from(("", "gmail", "outlook", "русская")),
    signature=st.booleans(),
    files=st.integers(0, 2),
    picture=st.booleans(),
    mentions=st.booleans(),
    bottom=st.booleans(),
    late=st.booleans(),
)
passing = acts.map(lambda act: replace(act, deed="pass by cc" if act.bottom and act.pen else "pass", seat=0))
extra_links = st.builds(
    lambda number, up, down, identity, share: Link(f"extra{number}", f"p{up}", f"p{down}", share=share, identity=identity),
    st.integers(), st.integers(0, 5), st.integers(0, 5), st.sampled_from(IDENTITIES), shares,
)  # fmt: skip


# ── the property ───────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    trees(most=10),
    st.lists(extra_links, max_size=2),
    st.lists(passing, max_size=8),
    st.lists(acts, min_size=1, max_size=8),
    st.booleans(),
)
def test_each_party_gets_what_its_links_share_and_nothing_else(
    tree: tuple[Link, ...], extra: list[Link], down: list[Act], more: list[Act], later: bool
) -> None:
    parties = {key for link in tree for key in (link.upstream, link.downstream)}
    joined = [link for link in extra if link.upstream != link.downstream and {link.upstream, link.downstream} <= parties]
    world = World([*tree, *joined])
    try:
        play(world, [Act("open", html=later, files=1, quote="gmail" if later else ""), *down, *more])
    finally:
        world.close()


def play(world: World, script: list[Act]) -> None:
    """Does all that in turn, looks at every letter, and at the end at what should have been said."""
    for act in script:
        Scene(world, act).play()
        if not act.late:
            look(world)
    look(world)
    look(world)  # what failed deliveries have brought about
    assert world.missing() == []


def look(world: World) -> None:
    """Sends what is due; no letter may say what it must not."""
    for posted in world.deliver():
        leaks = world.leaks(posted)
        if leaks:
            note(posted.message.as_string())
        assert leaks == [], f"in a {posted.row.kind} letter to ticket {posted.row.ticket_id} of {posted.row.recipient}"


# ── one mail ───────────────────────────────────────────────────────────────────────────────────────────────


class Scene:
    """One act in a world: who writes what to which address, as his client would send it."""

    def __init__(self, world: World, act: Act) -> None:
        self.world, self.act = world, act
        rows = list(world.tickets.values())[::-1]
        self.ticket: Row[Any] | None = rows[act.seat % len(rows)] if rows else None
        opening = act.deed == "open" or self.ticket is None
        first = next(iter(world.settings.links.values())).upstream
        self.party = first if opening or self.ticket is None else self.ticket.party
        self.link = self._link()
        self.id = self.ticket.id if self.ticket else 0
        self.author = self._author()
        self.letter = self._letter("note" if act.deed == "answer a note" else None)
        self.made: list[str] = []

    def play(self) -> None:
        if self.act.deed in ("bounce", "refuse"):
            return self._fail()
        if self.act.deed == "open":
            return self._open()
        recipients = self._recipients()
        if recipients is None:
            return None  # nothing to answer, nobody to pass on to, nobody else's address
        raw, message_id = self._mail(recipients)
        sender = "" if self.act.deed == "away to the letter" else self.author.address
        if self.act.deed not in BY_A_STRANGER:
            self.world.seen[self.id].add(message_id)
        elif self.act.deed == "released":
            self.world.seen[self.id].add(message_id)  # the party has let it in
        before = set(self.world.tickets)
        outcome = self.world.take(raw, sender, *recipients, released=self.act.deed == "released")
        assert outcome.state == ("held" if self.act.deed == "stranger" else "done"), outcome
        return self._handed(before)

    def _open(self) -> None:
        number = max(self.world.tickets, default=0) + 1  # the new ticket's, so that its canaries can be told now
        self.id, self.letter = number, None
        assert self.link is not None
        raw, message_id = self._mail([f"{self.link}@{DOMAIN}"])
        self.world.seen[number].add(message_id)
        before = set(self.world.tickets)
        assert self.world.take(raw, self.author.address, f"{self.link}@{DOMAIN}").state == "done"
        assert number in self.world.tickets and number not in before

    def _fail(self) -> None:
        """A server refuses a letter, at once or in a report that comes back; its words are for the postmaster alone."""
        if not self.world.posted:
            return
        letter = self.world.posted[-1 - self.act.seat % len(self.world.posted)].row
        words = f"550 5.1.1 no {self.world.canary('unsaid', '', where='server')} here"
        if self.act.deed == "refuse":
            self.world.fail(letter, words)
        else:
            self.world.take(report(letter, words), "", f"b-{letter.token}@{DOMAIN}")

    def _handed(self, before: set[int]) -> None:
        """Now the canary beside a passing on knows the ticket it was for."""
        new = set(self.world.tickets) - before
        for made in self.made:
            canary = self.world.canaries[made]
            if canary.kind == "handed" and new:
                self.world.canaries[made] = replace(canary, target=min(new))

    # ── who and where to ───────────────────────────────────────────────────────────────────────────────────

    def _link(self) -> str | None:
        ways = self.world.links_from(self.party)
        used = {row.link for row in self.world.tickets.values() if self.ticket and row.parent_id == self.ticket.id}
        left = [link.key for link in ways if link.key not in used or self.act.deed == "open"] or [link.key for link in ways]
        return left[self.act.seat % len(left)] if left else None

    def _author(self) -> Contact:
        party = self.world.settings.parties[self.party]
        if self.act.deed in BY_A_STRANGER:
            released = self.act.deed == "released"
            name = self.world.canary("person" if released else "unsaid", self.party, self.id, "stranger's name")
            return Contact(f"{self._own('address')}@elsewhere.example", f"Stranger {name}")
        if self.act.pen < len(party.contacts):
            return party.contacts[self.act.pen]
        return Contact(f"{self._own('address')}@{party.domains[0]}", f"Colleague {self.world.canary('person', self.party)}")

    def _recipients(self) -> list[str] | None:
        assert self.ticket is not None
        thread, deed = address.thread(self.ticket.thread, DOMAIN), self.act.deed
        if deed == "note":
            return [address.note(self.ticket.note, DOMAIN)]
        if deed == "answer a note" and self.letter is None:
            return None
        if deed == "away to the letter":
            return [f"b-{self.letter.row.token}@{DOMAIN}"] if self.letter else None
        if deed in ("pass", "pass inside", "pass by cc") and self.link is None:
            return None
        if deed == "pass by cc":
            return [thread, f"{self.link}@{DOMAIN}"]
        if deed == "foreign cc":
            others = [row.thread for row in self.world.tickets.values() if row.party != self.party]
            return [thread, address.thread(others[self.act.pen % len(others)], DOMAIN)] if others else None
        return [thread]

    def _letter(self, kind: str | None) -> Posted | None:
        """The letter that is answered: the newest to this ticket, of that kind; a public answer never answers a note."""
        mine = [posted for posted in self.world.posted if self.ticket and posted.row.ticket_id == self.ticket.id]
        chosen = [posted for posted in mine if (posted.row.kind == "note") == (kind == "note")]
        return chosen[-1] if chosen else None

    # ── the mail ───────────────────────────────────────────────────────────────────────────────────────────

    def _canary(self, kind: Kind, where: str) -> str:
        """One of what this mail says: public, internal, or of a stranger's that nobody has let in."""
        kinds: dict[str, Kind] = dict.fromkeys(INSIDE, "own") | {"stranger": "unsaid"}
        made = self.world.canary(kinds.get(self.act.deed, kind), self.party, self.id, f"{where} of {self.act.deed}")
        self.made.append(made)
        return made

    def _own(self, where: str) -> str:
        """One of what is nobody else's business in any mail."""
        return self.world.canary("own", self.party, self.id, where)

    def _mail(self, recipients: list[str]) -> tuple[bytes, str]:
        mail = EmailMessage()
        message_id = self._headers(mail, recipients)
        picture = self._own("Content-ID") + "@laptop.example" if self.act.picture and self.act.html else ""
        new, rest = self._new(picture), self._rest()
        mail.set_content("\n".join([*new, *rest]) + "\n")
        if self.act.html:
            self._html(mail, new, rest, picture)
        for at in range(self.act.files or (self.act.deed == "files only")):
            name, content = self._canary("file", "file name"), self._canary("file", "file")
            mail.add_attachment(content.encode(), "application", "pdf", filename=f"план {name}.pdf" if at else f"{name}.pdf")
        for part in mail.walk():
            part["Content-Description"] = self._own("Content-Description")
            if part.is_multipart():
                part.set_boundary(f"=_{self._own('boundary')}")
                part.preamble, part.epilogue = self._own("preamble"), self._own("epilogue")
        return mail.as_bytes(), message_id

    def _headers(self, mail: EmailMessage, recipients: list[str]) -> str:
        host = self._own("host") + ".example"
        mail["Received"] = f"from {host} ({host} [192.0.2.7]) by mx.example; Sun, 1 Mar 2026 12:00:00 +0000"
        for name in ("X-Mailer", "User-Agent", "Organization", "X-Originating-IP", "Thread-Topic", "Comments", "Keywords"):
            mail[name] = self._own(name)
        for name in ("Reply-To", "Sender", "Disposition-Notification-To", "Errors-To"):
            mail[name] = f"{self._own(name)}@{host}"
        mail["From"] = f'"{self.author.name}" <{self.author.address}>'
        mail["To"] = recipients[0]
        mail["Cc"] = ", ".join([*recipients[1:], f"boss@{self._own('Cc')}.example"])
        subject = self._canary("subject", "subject") if self.act.deed == "open" else self._own("subject")
        mail["Subject"] = f"Насос {subject}" if self.letter is None else f"Re: {self.letter.message['Subject']} {subject}"
        mail["Date"] = self.world.now
        mail["Message-ID"] = f"<{self._own('Message-ID')}@{host}>"
        if self.letter is not None:
            mail["In-Reply-To"] = self.letter.row.message_id
            mail["References"] = f"<{self._own('References')}@{host}> {self.letter.row.message_id}"
        if self.act.deed in ("away", "away to the letter"):
            mail["Auto-Submitted"] = "auto-replied"
        return str(mail["Message-ID"])

    def _commands(self) -> list[str]:
        if self.act.deed in ("pass", "pass inside"):
            inside = ["#внутреннее"] if self.act.deed == "pass inside" else []
            return [*inside, f"#pass {self.link} {self._canary('handed', 'passing on')}"]
        return {"internal": ["#internal"], "misspelt": ["#intrenal"]}.get(self.act.deed, [])

    def _new(self, picture: str) -> list[str]:
        """The lines newly written."""
        commands = self._commands()
        if self.act.deed == "files only":
            return commands
        lines = ["Добрый день!", f"The pump says {self._canary('text', 'text')} again.", ""]
        if self.act.mentions and self.ticket:
            lines += [f"My address is {address.thread(self.ticket.thread, DOMAIN)}, n-{self.ticket.note.upper()} too.", ""]
        if picture:
            lines += ["It looks so:", f"[cid:{picture}]", ""]
        lines += [f"Жду ответа {self._canary('text', 'text')}."]
        return [*lines, "", *commands] if self.act.bottom else [*commands, *lines]

    def _rest(self) -> list[str]:
        """Signature and quoted history: the last letter, with the addresses it came from and to."""
        signature = ["", "-- ", f"Signed {self._own('signature')}", self.author.address] if self.act.signature else []
        letter = next((each for each in reversed(self.world.posted) if each.row.ticket_id == self.id), None)
        if not self.act.quote or letter is None:
            return signature
        sender, old = letter.message["From"], [*letter.text.split("\n"), f"Quoted {self._own('quote')}"]
        if self.act.quote == "outlook":
            head = ["-----Original Message-----", f"From: {sender}", "Sent: Sunday, March 1, 2026 12:00 PM"]
            return [*signature, "", *head, f"To: {self.author.address}", f"Subject: {letter.message['Subject']}", "", *old]
        lead = f"On Sun, Mar 1, 2026 at 12:00 PM {sender} wrote:"
        if self.act.quote == "русская":
            lead = f"вс, 1 мар. 2026 г. в 12:00, {sender}:"
        return [*signature, "", lead, *(f"> {line}" for line in old)]

    def _html(self, mail: EmailMessage, new: list[str], rest: list[str], picture: str) -> None:
        """The same as HTML, with what HTML hides."""
        hidden = [self._own(where) for where in ("title", "style", "comment", "hidden text")]
        image = f'<img src="cid:{picture}" alt="{self._own("alt")}">'
        told = "".join(f"<div>{image if line.startswith('[cid:') else escape(line) or '<br>'}</div>" for line in new)
        old = "<br>".join(map(escape, rest))
        mail.add_alternative(
            f"<html><head><title>{hidden[0]}</title><style>.{hidden[1]} {{color: red}}</style></head><body><!-- {hidden[2]} -->"
            f'{told}<div style="display:none">{hidden[3]}</div><div class="gmail_signature">{self._own("signature")}</div>'
            + (f'<div class="gmail_quote"><blockquote>{old}</blockquote></div>' if rest else "")
            + "</body></html>",
            subtype="html",
        )
        if picture:
            html = mail.get_body(("html",))
            assert html is not None
            content = PICTURE + self._canary("file", "picture").encode()
            html.add_related(content, "image", "png", cid=f"<{picture}>", filename=f"{self._canary('file', 'picture name')}.png")


def escape(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def report(letter: Row[Any], words: str) -> bytes:
    """A delivery report (RFC 3464) about a letter."""
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: b-{letter.token}@{DOMAIN}\r\nSubject: Undelivered\r\nMessage-ID: <{letter.id}@mx.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain\r\n\r\n{words}\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {letter.recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; {words}\r\n"
        "--b--\r\n"
    ).encode()
