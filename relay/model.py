"""The words of the relay as frozen values: parties and links, chains and tickets, events and letters.

Nothing here does anything; who may do what is in `rules`, who may see what in `visibility`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

Trust = Literal["dmarc", "spf", "dkim", "address"]
Unknown = Literal["hold", "refuse"]
Identity = Literal["person", "party", "hidden"]
Share = Literal["comments", "attachments", "status", "reference", "fields"]
SHARES: tuple[Share, ...] = ("comments", "attachments", "status", "reference", "fields")
Status = Literal["new", "accepted", "in progress", "waiting", "resolved", "closed", "declined", "cancelled"]
Receipts = Literal["needed", "all", "none"]
Remind = Literal["hours", "always"]
Clock = Literal["respond", "resolve"]
Proof = Literal["yes", "no", "later", "elsewhere"]
EventKind = Literal[
    "comment", "passed", "status", "reference", "rating", "time", "field", "mute", "automatic", "undelivered", "paused"
]
LetterKind = Literal[
    "comment",
    "pass",
    "opened",
    "note",
    "receipt",
    "history",
    "status",
    "help",
    "undelivered",
    "held",
    "moved",
    "postmaster",
    "digest",
    "due",
    "report",
]


# ── configuration ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Contact:
    """A person, known by address (lower-cased for comparison by `address.same`); the name may be empty."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """When a party's digest goes out: local time, days ("mon" … "sun") and recipients."""

    at: time
    on: tuple[str, ...]
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Who gets a party's report of each month."""

    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """A party's own service desk: the profile's name and the address it takes mail at."""

    profile: str
    address: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A part of a weekday at which a party works: `day` 0 is Monday, `opens` and `closes` are local minutes (1440: 24:00)."""

    day: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take: a party's working weeks, its working days, and working time beside these (see `hours`)."""

    weeks: int = 0
    days: int = 0
    rest: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that letters bring along: its file, media type, size in pixels, SHA-256 (hex), and its bytes."""

    path: Path
    type: str
    width: int
    height: int
    sha256: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Brand:
    """In whose name letters look: "" and None where nothing is given. `colour` is #rrggbb, `footer` one line."""

    name: str = ""
    colour: str = ""
    footer: str = ""
    logo: Logo | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation of a chain, as configured under `[parties.KEY]`; `language` and `timezone` are resolved.

    `receipts`: whether its people get a receipt for a mail that has something to say about, for all, or for none.
    `suggest`: whether a receipt offers the status that free text looks like. `hours` are when it works, empty for always, but for
    the `holidays`: "2027-01-01", or "05-09" for that day of every year. `remind`: whether reminders wait for its hours.
    `brand` is how the letters look of those who pass their tickets to it. `batch`: for how long letters may wait, to go as
    one with those that follow.
    """

    key: str
    name: str
    language: str = "en"
    timezone: str = "UTC"
    contacts: tuple[Contact, ...] = ()
    domains: tuple[str, ...] = ()
    trust: Trust = "dmarc"
    unknown: Unknown = "hold"
    digest: Digest | None = None
    desk: Desk | None = None
    receipts: Receipts = "needed"
    suggest: bool = True
    hours: tuple[Opening, ...] = ()
    holidays: frozenset[str] = frozenset()
    remind: Remind = "hours"
    brand: Brand | None = None
    report: Report | None = None
    batch: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The right of `upstream` to pass tickets to `downstream` (party keys); KEY@domain is its intake address.

    `respond_within` and `resolve_within` are in `downstream`'s hours.
    """

    key: str
    upstream: str
    downstream: str
    share: frozenset[Share] = frozenset(SHARES)
    fields: tuple[str, ...] = ()
    identity: Identity = "person"
    respond_within: Limit | None = None
    resolve_within: Limit | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """Who there is and who may pass to whom: what the rules need of the configuration."""

    domain: str
    parties: Mapping[str, Party]
    links: Mapping[str, Link]


# ── chains ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that travels with the matter, as one party has last said it: the name as written, its value, and when."""

    name: str
    value: str
    at: datetime

    @property
    def key(self) -> str:
        """What is the same for all ways to write the name."""
        return self.key_of(self.name)

    @staticmethod
    def key_of(name: str) -> str:
        """The name without what people write differently: capitals, blanks, ё."""
        return " ".join(name.casefold().replace("ё", "е").split())


@dataclass(frozen=True, slots=True)
class Ticket:
    """One party's end of a matter.

    `parent` is the upstream ticket and `link` the link it came over; both are None for the chain's first ticket.
    `thread` and `note` are address tokens (see `address`). `participants` write and get letters beside the party's contacts.
    `facts` are what its party has said of the matter, one a name, oldest first; `muted` the addresses (lower case) that have
    asked for no more of its letters. A ticket not stored yet has a negative `id`.
    """

    id: int
    party: str
    parent: int | None = None
    link: str | None = None
    status: Status = "new"
    reference: str = ""
    thread: str = ""
    note: str = ""
    participants: tuple[Contact, ...] = ()
    facts: tuple[Fact, ...] = ()
    muted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Chain:
    """The linked tickets of one matter, a tree; `number` is its name, like "A-17", `subject` is without any tag."""

    id: int
    number: str
    subject: str
    opened_at: datetime
    tickets: tuple[Ticket, ...] = ()

    def ticket(self, ticket_id: int) -> Ticket:
        """The ticket of that id. Raises KeyError."""
        for ticket in self.tickets:
            if ticket.id == ticket_id:
                return ticket
        raise KeyError(ticket_id)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a mail. `content` is empty where only the stored `sha256` (hex) is at hand.

    `content_id` is set for an inline picture: a short id of our own ("p1"); the text names it as `[cid:p1]`. `stuck`: what it
    says of its maker cannot be taken out, so it crosses no hidden link. `bare`: this copy goes without that (see `cleaning`).
    `withheld` is why nobody gets it, "" where anybody may (see `mail.dangers` and `scanning`).
    """

    name: str
    type: str
    size: int
    sha256: str
    content_id: str = ""
    content: bytes = b""
    stuck: bool = False
    bare: bool = False
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened at `ticket`, append-only.

    An `internal` event is seen by that ticket's party only. `data` is plain JSON: for "passed" {"link", "ticket"} (the new
    ticket's id), for "undelivered" {"ticket", "reason"}, for "field" {"name", "value"} and, where it changes one,
    {"before", "of"} (the ticket that said it), for "mute" {"address", "muted"}, for a comment {"cut": what was cut from its
    mail}, {"html": `Mail.html`} where there is any, {"answered": [{"quote", "answer", "of"}]} (as `Answered`, and the ticket
    whose comment is quoted, None where the quote is left out) and, where it is such text itself, {"full": true}, for
    "automatic" {"mail": its MailKind} and, where it says so, {"since", "until"} (ISO 8601), for "paused" {"until" (ISO 8601),
    "reason": as `loops` has it}.
    Of a chain's first event also {"thread"}: the Thread-Index of the mail that opened it, if that has one.
    `message_id` is the author's mail's own, with angle brackets.
    """

    id: int
    kind: EventKind
    ticket: int
    author: Contact
    at: datetime
    internal: bool = False
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    mail_id: str = ""
    message_id: str = ""


# ── mails ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Envelope:
    """What SMTP said about a mail: queue id, return-path ("" for the null sender), recipients as given, and the peer."""

    id: str
    mail_from: str
    rcpt_to: tuple[str, ...]
    peer: str
    helo: str
    received_at: datetime
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a mail shows of who wrote it, for each `trust` but "address", of which nothing is asked.

    "yes": proven. "no": not. "later": DNS does not answer, so it cannot be said now. "elsewhere": signed by the author's domain,
    but for somebody else (not all of the recipients stand in its signed To or Cc) and brought by a server that does not speak for
    him, as a copy of another mail of his would be. `signatures` are the hashes of those that count: a mail that bears one of them
    again is the same mail. `evidence` is plain JSON: what was found, and the DNS records as they were.
    """

    dmarc: Proof = "no"
    spf: Proof = "no"
    dkim: Proof = "no"
    signatures: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def shows(self, trust: Trust) -> Proof:
        """Whether that is enough for a party that asks for `trust`."""
        return {"address": "yes", "dmarc": self.dmarc, "spf": self.spf, "dkim": self.dkim}[trust]


@dataclass(frozen=True, slots=True)
class Command:
    """A command read out of a mail: its English word ("pass"), argument, and the line as it was written."""

    word: str
    argument: str
    line: str


# A reply is what a person wrote; everything else is noted and answered by nobody.
MailKind = Literal["reply", "auto-reply", "bounce", "read-receipt", "challenge", "list", "reaction", "spam-notice"]


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says: the failed recipient ("" unknown), temporary or permanent, and the server's words.

    `delayed`: nothing has failed yet, the server goes on trying. `message_id` is the returned letter's, with angle brackets,
    "" where the report does not show it.
    """

    recipient: str
    permanent: bool
    reason: str
    delayed: bool = False
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """The first and the last day that the writer of an auto-reply is away, as ISO 8601; `since` is "" where it is not said."""

    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Quoted lines, without quote signs, "" for too many; and the first line of the new text that answers them."""

    quote: str
    answer: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM-Signature, or an ARC-Message-Signature or ARC-Seal, as far as the mail alone can prove it (RFC 6376, RFC 8617).

    `problem` says why it does not count, "" where only its key is left to be asked for: that of `selector` at `domain` (d=),
    both lower case. `digest` is the SHA-256 of what is signed, `value` the signature of it. `identity` is the domain of i=.
    `covers` are the lower-case names of the header fields it covers, `to` the addresses in those of To and Cc that it does.
    `signed_at` is t=, or else the Date that is covered, `expires` is x=, both in Unix seconds.
    """

    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    digest: bytes = b""
    value: bytes = b""
    identity: str = ""
    covers: frozenset[str] = frozenset()
    to: tuple[str, ...] = ()
    signed_at: int | None = None
    expires: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a server says that it found: "dmarc", "dkim" or "spf", the result, and the domain it is about (lower case)."""

    method: str
    result: str
    domain: str


@dataclass(frozen=True, slots=True)
class Seal:
    """One ARC set: the signature of its ARC-Seal, and what its ARC-Authentication-Results claim."""

    signature: Signature
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Sealing:
    """The ARC sets of a mail, the oldest first, and the newest set's ARC-Message-Signature.

    `problem` says why they do not count, "" where only their keys are left to be asked for, or where there are none.
    """

    seals: tuple[Seal, ...] = ()
    message: Signature = Signature()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """What the relay reads out of one raw mail.

    `text` is what was newly written, without command lines; `quoted` and `signature` are what was cut from it. `html` says
    the same words as safe HTML (see `mail.rich`), pictures as `<img src="cid:p1">`; "" where it would tell no more.
    `commands` begin with the subject's, if it is one. `unknown` are lines that look like a misspelt command (kept in the
    text), and a subject that does. `to` are the addresses of To and Cc, lower case.
    `references` are the ids of In-Reply-To and References, with angle brackets; `answers` are those of In-Reply-To.
    `answered` are what passages of the text answer that stood between the lines of a quote, in order.
    `content` is the hex SHA-256 of the decoded bodies and files, the same on every way the mail takes. `loops` are the
    values of X-Relay-Loop. `absence` is said by an auto-reply, `emoji` by a reaction ("" where it has none in text).
    `signatures` are the first of its DKIM signatures, in order, and `sealing` its ARC sets. `thread_index` is that header.
    """

    kind: MailKind
    author: Contact
    subject: str = ""
    date: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    text: str = ""
    html: str = ""
    quoted: str = ""
    signature: str = ""
    commands: tuple[Command, ...] = ()
    unknown: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    bounce: Bounce | None = None
    content: str = ""
    loops: tuple[str, ...] = ()
    answered: tuple[Answered, ...] = ()
    absence: Absence | None = None
    emoji: str = ""
    signatures: tuple[Signature, ...] = ()
    sealing: Sealing = Sealing()
    thread_index: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """What is read out of a bare body, without a header: as in `Mail`."""

    text: str
    html: str
    quoted: str
    signature: str
    commands: tuple[Command, ...]
    unknown: tuple[str, ...]


# ── letters ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as one reader may see it: made by `visibility`, the only place that decides.

    `who` is the author's name as the link policies show it, `party` the party's name as shown; both may be empty.
    `own` says that the reader's own party wrote it. `html` says what `text` does, or is "". `data` for "passed":
    {"to": party name as shown, "mine": bool}, for "paused" that and "until"; for "undelivered": {"to": party name as shown,
    "reason": code}.
    `data["left_out"]` names files too large to go along.
    """

    kind: EventKind
    at: datetime
    who: str
    party: str
    own: bool
    internal: bool = False
    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seat:
    """One ticket of a chain as one reader may see it: a row of the status table. `depth` is 0 for the topmost.

    `status` is None where a link on the way shares no status. `ball`: as far as the reader may know, it is this one's turn.
    """

    party: str
    status: Status | None
    reference: str
    own: bool
    depth: int
    ball: bool = False


@dataclass(frozen=True, slots=True)
class Ball:
    """Who has the ball, as one reader may see it, and since when."""

    party: str
    own: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something is due, as one reader may see it: by `party`, the reader's `own` or that of a ticket right below.

    `over`: that was before now. `left` is the working time that is left while the clock stands, None while it runs.
    """

    party: str
    own: bool
    kind: Clock
    at: datetime
    over: bool = False
    left: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What a reader may do now: a command word and its argument, offered as a mailto link and in words."""

    word: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """All that goes into one mail to one contact.

    `sender` is the receiving ticket's thread address (postmaster@ for `kind` "postmaster", digest@ for "digest"), `sender_name`
    what stands beside it.
    `subject` is without the `[number]` tag; `number` is "" where there is no chain. `entries` are in order, the newest last: one
    mail's events, or the whole visible thread for `kind` "pass"; their attachments have `content`. `note` is the ticket's note
    address. `references` end with the In-Reply-To. `automatic` asks for Auto-Submitted, `may_mute` for List-Unsubscribe. `facts`
    are what is known of the matter, `balls` who has it since when, `deadlines` what is due, `brand` is whose colours it wears.
    `conversation` names that of its ticket for Outlook (left out: `sender`); `begun` is the Thread-Index of the party's own mail
    with which it began, "" where it began with a letter of ours.
    `data` by kind:
    "receipt" and "opened": as `receipt.Taken` says,
    "undelivered" {"to": str, "reason": code, "others": whether some of them got it, "text": str},
    "held" {"state": "asked", "unclear", "over", "expired", "misused" or the answer, "who": its author as shown, "where": the
    chain's number or the link's address, "elsewhere": whether it was a colleague's own mail on a strange way, "party", "token"},
    "postmaster" {"what": str, "details": {label: value}, "text": str},
    "digest": as `digester.collect` says;
    "report" {"state": "asked", "unclear" or the answer, "period": as in `storage.tables.StatementRow`, "rows": [as
    `tabular.plain` has them], "party": its key, "token"}.
    """

    kind: LetterKind
    language: str
    timezone: str
    to: Contact
    sender: str
    sender_name: str
    return_path: str
    message_id: str
    subject: str
    date: datetime
    number: str = ""
    note: str = ""
    references: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    seats: tuple[Seat, ...] = ()
    actions: tuple[Action, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    facts: tuple[Fact, ...] = ()
    balls: tuple[Ball, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    automatic: bool = False
    may_mute: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    brand: Brand = Brand()
    conversation: str = ""
    begun: str = ""
