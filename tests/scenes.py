"""What people do with a ticket, one act each, as the raw mail that their clients would send; see `canaries` for what is in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import Any, Literal
from urllib.parse import quote

from hypothesis import note
from sqlalchemy import Row

from relay import address
from relay.model import Contact
from tests.canaries import INSIDE, Canary, Kind, Posted, World, found_in
from tests.chains import DOMAIN
from tests.documents import doc, docx, pdf, png
from tests.lines import Word, lines

PAPERS: tuple[Callable[[str, str], bytes], ...] = (pdf, docx, doc, png)

Deed = Literal[
    "open", "comment", "files only", "internal", "misspelt", "note", "answer a note", "pass", "pass by cc", "pass inside",
    "foreign cc", "away", "away to the letter", "bounce", "refuse", "stranger", "released",
    "open released",
]  # fmt: skip
DEEDS: tuple[Deed, ...] = Deed.__args__  # type: ignore[attr-defined]
OPENING = {"open", "open released"}
RELEASED = {"released", "open released"}
BY_A_STRANGER = {"stranger", *RELEASED}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody does; `seat` chooses the ticket (newest first), `pen` the writer among colleagues."""

    deed: Deed
    seat: int = 0
    pen: int = 0
    html: bool = False
    quote: Literal["", "gmail", "outlook", "русская", "between", "bare", "bare between"] = ""
    signature: bool = False
    files: int = 0
    picture: bool = False
    rich: bool = False  # a table, a list, links in the HTML, which is all there is
    mentions: bool = False  # addresses of his own ticket in text, subject, file names
    bottom: bool = False  # commands below the text
    command: Word = ""  # beside what the deed does by itself
    quiet: bool = False  # no words beside the command
    late: bool = False  # letters go out after the next act


def look(world: World) -> None:
    """Sends what is due; no letter may say what it must not."""
    for posted in world.deliver():
        leaks = world.leaks(posted)
        if leaks:
            note(posted.text)
        assert not leaks, f"{leaks} in a {posted.row.kind} letter to ticket {posted.row.ticket_id}"


class Scene:
    """One act in a world: who writes what to which address, as his client would send it."""

    def __init__(self, world: World, act: Act) -> None:
        self.world, self.act = world, act
        rows = list(world.tickets.values())[::-1]
        self.ticket: Row[Any] | None = rows[act.seat % len(rows)] if rows and act.deed not in OPENING else None
        self.party = self.ticket.party if self.ticket else next(iter(world.settings.links.values())).upstream
        self.link = self._link()
        self.id = self.ticket.id if self.ticket else 0
        self.author = self._author()
        self.letter = self._letter("note" if act.deed == "answer a note" else None)
        self.made: list[str] = []
        self.spoken = act.deed not in INSIDE | {"stranger"}  # to others
        self.quoted = ""  # what the relay cuts
        self.mentioned = self._mentioned() if act.mentions else ""

    def play(self) -> None:
        if self.act.deed == "answer a note" and self.letter is None:
            return self._note_first()
        if self.act.deed in ("bounce", "refuse"):
            return self._fail()
        if self.act.deed in OPENING:
            return self._open()
        recipients = self._recipients()
        if recipients is None:
            return None  # nobody to pass on to, no letter to be away from, nobody else's address
        raw, message_id = self._mail(recipients)
        sender = "" if self.act.deed == "away to the letter" else self.author.address
        if self.act.deed not in BY_A_STRANGER:
            self.world.seen[self.id].add(message_id)
        elif self.act.deed in RELEASED:
            self.world.seen[self.id].add(message_id)  # the party has let it in
        before = set(self.world.tickets)
        outcome = self.world.take(raw, sender, *recipients, released=self.party if self.act.deed in RELEASED else "")
        assert outcome.state == ("held" if self.act.deed == "stranger" else "done"), outcome
        self._remember()
        return self._handed(before)

    def _remember(self) -> None:
        """What was cut may go out by #full, which the writer asks for; some want no more letters."""
        mine = self.id, self.author.address
        if self.act.command == "mute":
            self.world.muted.add(mine)
        if not self.spoken:
            return
        self.world.cut[mine] |= found_in(self.quoted)
        if self.act.command == "full":
            for made in self.world.cut[mine]:
                if self.world.canaries[made].where.rpartition(" of ")[2] not in INSIDE:
                    self.world.say(made, Canary("full", self.party, self.id))

    def _note_first(self) -> None:
        Scene(self.world, replace(self.act, deed="note")).play()
        look(self.world)
        again = Scene(self.world, self.act)
        if again.letter is not None:  # all who might have got it may have asked for no more letters
            again.play()

    def _open(self) -> None:
        number = max(self.world.tickets, default=0) + 1  # the new ticket's, so that its canaries can be told now
        self.id, self.letter = number, None
        assert self.link is not None
        raw, message_id = self._mail([f"{self.link}@{DOMAIN}"])
        self.world.seen[number].add(message_id)
        before = set(self.world.tickets)
        outcome = self.world.take(
            raw, self.author.address, f"{self.link}@{DOMAIN}", released=self.party if self.act.deed in RELEASED else ""
        )
        assert outcome.state == "done", outcome
        assert number in self.world.tickets and number not in before
        if self.act.command == "mute":
            self.world.muted.add((number, self.author.address))

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
        left = [link.key for link in ways if link.key not in used or self.act.deed in OPENING] or [link.key for link in ways]
        return left[self.act.seat % len(left)] if left else None

    def _author(self) -> Contact:
        party = self.world.settings.parties[self.party]
        if self.act.deed in BY_A_STRANGER:
            released = self.act.deed in RELEASED
            name = self.world.canary("person" if released else "unsaid", self.party, self.id, "stranger's name")
            return Contact(f"{self._own('address')}@elsewhere.example", f"Stranger {name}")
        if self.act.pen < len(party.contacts):
            return party.contacts[self.act.pen]
        name = f"Colleague {self.world.canary('person', self.party)}"
        spec = f"{self._own('address')}@{party.domains[0]}"
        return Contact(spec, f"{name} {spec}" if self.act.bottom else name)

    def _recipients(self) -> list[str] | None:
        assert self.ticket is not None
        thread, deed = address.thread(self.ticket.thread, DOMAIN), self.act.deed
        if deed == "note":
            return [address.note(self.ticket.note, DOMAIN)]
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
        """The letter that is answered: the newest to this ticket, of that kind; a public answer never a note or its receipt."""
        mine = [posted for posted in self.world.posted if self.ticket and posted.row.ticket_id == self.ticket.id]
        public = [posted for posted in mine if posted.row.kind != "note" and not (posted.row.data or {}).get("internal")]
        chosen = [posted for posted in mine if posted.row.kind == "note"] if kind == "note" else public
        return chosen[-1] if chosen else None

    def _mentioned(self) -> str:
        """An address of one of the writer's own tickets."""
        own = [row for row in self.world.tickets.values() if row.party == self.party]
        if not own:
            return ""
        made = address.note(own[-1].note, DOMAIN) if self.act.pen else address.thread(own[-1].thread, DOMAIN)
        return made.upper() if self.act.bottom else made

    # ── the mail ───────────────────────────────────────────────────────────────────────────────────────────

    def canary(self, kind: Kind, where: str, target: int = 0) -> str:
        """One of what this mail says: public, internal, or of a stranger's that nobody has let in."""
        deed = self.act.deed
        real: Kind = "own" if deed in INSIDE else "unsaid" if deed == "stranger" else kind
        made = self.world.canary(real, self.party, self.id, f"{where} of {deed}", target)
        self.made.append(made)
        return made

    def _own(self, where: str) -> str:
        """One of what is nobody else's business in any mail."""
        return self.world.canary("own", self.party, self.id, where)

    def _cut(self, where: str) -> str:
        """One of what the relay cuts from a mail; a stranger's is nobody's."""
        return self.world.canary("unsaid" if self.act.deed == "stranger" else "cut", self.party, self.id, where)

    def _mail(self, recipients: list[str]) -> tuple[bytes, str]:
        mail = EmailMessage()
        message_id = self._headers(mail, recipients)
        html = self.act.html and "between" not in self.act.quote  # there the answers would stand in the quote's container
        picture = self._own("Content-ID") + "@laptop.example" if self.act.picture and html else ""
        new, signature, old = self._new(picture), self._signature(), self._quote()
        self.quoted = "\n".join([*signature, *old])
        under = ["", "-- ", *signature] if signature else []
        mail.set_content("\n".join([*new, *under, *old]) + "\n")
        if html:
            self._html(mail, new, signature, old, picture)
        if html and self.act.rich:
            self._drop_plain(mail)
        for at in range(self.act.files or (self.act.deed == "files only")):
            self._attach(mail, PAPERS[(self.act.seat + self.act.pen + at) % len(PAPERS)], "план" if at else self.mentioned)
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
        subject = self.canary("subject", "subject") if self.act.deed in OPENING else self._own("subject")
        subject = f"{subject} {self.mentioned}".strip()
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
        return [*self._own_commands(), *lines(self, self.act.command)]

    def _own_commands(self) -> list[str]:
        if self.act.deed in ("pass", "pass inside"):
            inside = ["#внутреннее"] if self.act.deed == "pass inside" else []
            return [*inside, f"#pass {self.link} {self.canary('handed', 'passing on')}"]
        return {"internal": ["#internal"], "misspelt": ["#intrenal"]}.get(self.act.deed, [])

    def _new(self, picture: str) -> list[str]:
        """The lines newly written."""
        commands = self._commands()
        if self.act.deed == "files only" or (self.act.quiet and self.act.command):
            return commands
        said = ["Добрый день!", f"The pump says {self.canary('text', 'text')} again.", ""]
        if self.mentioned:
            said += [f"My address is {self.mentioned}, http://x.example/?a=%3C{quote(self.mentioned)}%3E too.", ""]
        if picture:
            said += ["It looks so:", f"[cid:{picture}]", ""]
        said += [f"Жду ответа {self.canary('text', 'text')}."]
        return [*said, "", *commands] if self.act.bottom else [*commands, *said]

    def _signature(self) -> list[str]:
        return [f"Signed {self._cut('signature')}", self.author.address] if self.act.signature else []

    def _quote(self) -> list[str]:
        """The last letter as clients quote it, with the addresses it came from and to; it may have been a note."""
        letter = next((each for each in reversed(self.world.posted) if each.row.ticket_id == self.id), None)
        if not self.act.quote or letter is None:
            return []
        sender, old = letter.message["From"], [f"Quoted {self._cut('quote')}", *letter.text.split("\n")]
        if self.act.quote in ("bare", "bare between"):
            head = [f"გამგზავნი: {sender}", "გაგზავნილია: 2 მარტი 2026 10:15", f"თემა: {letter.message['Subject']}"]
            return ["", *head, "", *(self._answered(old[1:]) if "between" in self.act.quote else old[1:])]
        if self.act.quote == "outlook":
            head = ["-----Original Message-----", f"From: {sender}", "Sent: Sunday, March 1, 2026 12:00 PM"]
            return ["", *head, f"To: {self.author.address}", f"Subject: {letter.message['Subject']}", "", *old]
        lead = f"On Sun, Mar 1, 2026 at 12:00 PM {sender} wrote:"
        if self.act.quote == "русская":
            lead = f"вс, 1 мар. 2026 г. в 12:00, {sender}:"
        marked = [f"> {line}" for line in old]
        return ["", lead, *(self._answered(marked) if self.act.quote == "between" else marked)]

    def _answered(self, old: list[str]) -> list[str]:
        """Answers below the first lines that say anything."""
        places = [at for at, line in enumerate(old) if line.strip("> ")][1:4]
        for at in reversed(places):
            old[at + 1 : at + 1] = ["", f"То есть {self.canary('text', 'answer')}.", ""]
        return old

    def _html(self, mail: EmailMessage, new: list[str], signature: list[str], old: list[str], picture: str) -> None:
        """The same as HTML, with what HTML hides."""
        title, style, comment, hidden = (self._own(where) for where in ("title", "style", "comment", "hidden text"))
        image = f'<img src="cid:{picture}" alt="{self._own("alt")}" title="{self._own("title")}">'
        told = "".join(f"<div>{image if line.startswith('[cid:') else escape(line) or '<br>'}</div>" for line in new)
        if self.act.rich and new:
            told += self._structure()
        signed, quoted = "<br>".join(map(escape, signature)), "<br>".join(map(escape, old))
        if signed:
            signed = f'<span class="gmail_signature_prefix">-- </span><br><div class="gmail_signature">{signed}</div>'
        if old:
            quoted = f'<div class="gmail_quote"><blockquote class="gmail_quote">{quoted}</blockquote></div>'
        mail.add_alternative(
            f"<html><head><title>{title}</title><style>.{style} {{color: red}}</style></head><body><!-- {comment} -->{told}"
            f'<div style="display:none">{hidden}</div>{signed}{quoted}</body></html>',
            subtype="html",
        )
        if picture:
            html = mail.get_body(("html",))
            assert html is not None
            content = png(self.canary("file", "picture"), self.canary("maker", "maker of a picture"))
            html.add_related(content, "image", "png", cid=f"<{picture}>", filename=f"{self.canary('file', 'picture name')}.png")

    def _drop_plain(self, mail: EmailMessage) -> None:
        """Some clients write HTML alone."""
        payload = mail.get_payload()
        assert isinstance(payload, list)
        mail.set_payload(payload[1:])

    def _structure(self) -> str:
        """A table, a list and links with what their attributes hide; a link over words that are not its address names it."""
        own = [self._own(where) for where in ("class", "id", "data", "mailbox", "number", "title", "alt", "script", "remote")]
        kind, name, data, mailbox, number, title, alt, script, remote = own
        behind = f"https://{self.canary('text', 'href')}.example/x"
        return (
            f'<table class="{kind}" id="{name}" data-x="{data}" background="http://{remote}.example/b"><tr><th>Part</th><th>Qty</th>'
            f"</tr><tr><td>Pump {self.canary('text', 'cell')}</td><td>2</td></tr></table>"
            f'<ul><li><b style="background:url(http://{remote}.example)">Item {self.canary("text", "item")}</b></li></ul>'
            f'<div>Ask <a href="mailto:{mailbox}@x.example">us</a>, <a href="tel:{number}" title="{title}">ring</a> or see '
            f'<a href="{behind}" title="{title}">there</a>, <a href="javascript:{script}">here</a>'
            f'<img src="http://{remote}.example/a.png" alt="{alt}"></div>'
        )

    def _attach(self, mail: EmailMessage, paper: Callable[[str, str], bytes], beside: str) -> None:
        """A file that names its maker. An old document is bound to this side of a hidden link with all it has."""
        kind: Kind = "bound" if paper is doc else "file"
        name, content = self.canary(kind, "file name"), self.canary(kind, "file")
        made = paper(content, self.canary("maker", f"maker of a {paper.__name__}"))
        mail.add_attachment(made, "application", "octet-stream", filename=f"{beside} {name}.{paper.__name__}".strip())


def escape(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def report(letter: Row[Any], words: str) -> bytes:
    """A delivery report (RFC 3464) about a letter."""
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: b-{letter.token}@{DOMAIN}\r\nSubject: Undelivered\r\n"
        f"Message-ID: <{letter.id}@mx.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain\r\n\r\n{words}\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {letter.recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; {words}\r\n"
        "--b--\r\n"
    ).encode()
