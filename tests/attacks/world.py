"""A relay under attack: its configuration, one chain with a ticket of every party, and a look at what a mail has done to it."""

from __future__ import annotations

import contextlib
import itertools
import smtplib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.attacks.keys import key
from tests.attacks.signer import sign
from tests.attacks.zones import EVIL, LISTS, zone
from tests.harness import DOMAIN, Received, Relay, Sink, until
from tests.nameserver import Nameserver

ADMIN, VICTIM = "admin@example.com", "victim@innocent.example"
FORGER = f"mallory@{EVIL}"

# Party → its people, trust, unknown. The first is who is forged; the domain is his.
PARTIES: dict[str, tuple[list[str], str, str]] = {
    "shop": (["anna@shop.example"], "dmarc", "hold"),
    "north": (["ivan@north.example", "olga@north.example"], "dmarc", "hold"),
    "fix": (["sergei@fix.example"], "dmarc", "refuse"),
    "strict": (["sam@strict.example"], "dmarc", "hold"),
    "posta": (["pavel@spf.example", "sofia@soft.example", "nora@neutral.example", "tess@twospf.example", "dean@deep.example",
               "rhea@round.example"], "spf", "hold"),
    "keyed": (["kira@dkim.example"], "dkim", "hold"),
    "bare": (["nina@nodmarc.example"], "dmarc", "hold"),
    "lax": (["lena@none.example"], "dmarc", "hold"),
    "silent": (["sid@silent.example", "brook@broken.example"], "dmarc", "hold"),
    "suffix": (["ursula@a.co.uk", "gail@a.github.io"], "dmarc", "hold"),
}  # fmt: skip
SPARE = "spare"  # a party that no honest mail of the suite brings in

BELIEVED = f"""
[arc]
sealers = ["{LISTS}"]
[loops]
same = 100000
fast = 100000
[limits]
answers_a_day = 100000
held_per_party = 100000
"""


def network(extra: str = "") -> str:
    """The parties, and links from shop to north, and from north to each other one: LINK is the party's key."""
    text = ""
    for name, (people, trust, unknown) in PARTIES.items():
        domain = people[0].partition("@")[2]
        domains = f'domains = ["{domain}"]' if name in ("north", "strict") else ""
        contacts = ", ".join(f'"{person}"' for person in people)
        text += f'[parties.{name}]\ncontacts = [{contacts}]\ntrust = "{trust}"\nunknown = "{unknown}"\n{domains}\n'
        text += f'[links.{name}]\nfrom = "{"shop" if name == "north" else "north"}"\nto = "{name}"\n' if name != "shop" else ""
    text += f'[parties.{SPARE}]\ncontacts = ["boss@{SPARE}.example"]\n[links.{SPARE}]\nfrom = "north"\nto = "{SPARE}"\n'
    return text + extra


@dataclass(frozen=True)
class Draft:
    """A mail as its fields from the top, and a body with CRLF line ends."""

    fields: tuple[tuple[str, str], ...]
    body: str

    @property
    def raw(self) -> bytes:
        head = "".join(f"{name}: {value}\r\n" for name, value in self.fields)
        return (head + "\r\n" + self.body).encode("utf-8", "surrogateescape")

    def having(self, **values: str) -> Draft:
        """With other values of fields that it has, or more at the end; `_` stands for a hyphen."""
        made = self
        for word, value in values.items():
            name = word.replace("_", "-")
            has = any(own.lower() == name.lower() for own, _ in made.fields)
            changed = ((own, value if own.lower() == name.lower() else old) for own, old in made.fields)
            made = replace(made, fields=tuple(changed) if has else (*made.fields, (name, value)))
        return made

    def without(self, *names: str) -> Draft:
        lower = [name.lower() for name in names]
        return replace(self, fields=tuple(field for field in self.fields if field[0].lower() not in lower))


@dataclass(frozen=True)
class Attack:
    """A mail as it goes over the line."""

    raw: bytes
    mail_from: str = f"bounce@{EVIL}"
    helo: str = EVIL
    to: tuple[str, ...] = ()


_numbers = itertools.count(1)


@dataclass(frozen=True)
class Case:
    """What somebody wants done in a person's name: `author` is who it shall seem to be, `to` the address that does it."""

    party: str
    author: str
    to: str
    text: str
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def domain(self) -> str:
        return self.author.partition("@")[2]

    @property
    def word(self) -> str:
        """What stands in this mail's text and in no other's."""
        return f"canary{self.number}x"

    @property
    def draft(self) -> Draft:
        """The mail as the author would write it."""
        return Draft(
            (
                ("From", f"Somebody <{self.author}>"),
                ("To", self.to),
                ("Subject", f"Re: Pump s{self.word}"),
                ("Date", "Mon, 23 Nov 2026 10:00:00 +0300"),
                ("Message-ID", f"<{self.word}@client.example>"),
                ("MIME-Version", "1.0"),
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Transfer-Encoding", "8bit"),
            ),
            f"{self.text}\r\n\r\nSaid {self.word} here.\r\n",
        )

    def signed(self) -> bytes:
        """The mail with the author's own true signature."""
        return sign(self.draft.raw, key(self.domain), self.domain)

    def seeming(self, sender: str, domain: str = EVIL) -> bytes:
        """The mail with another From, signed by the forger's domain."""
        return sign(self.draft.having(From=sender).raw, key(domain), domain)


@dataclass(frozen=True)
class Look:
    """How much there was at a moment: the last ids of events, letters and chains."""

    events: int
    letters: int
    chains: int


@dataclass
class World:
    """The running relay, what stands behind it and before it, and the addresses of one chain's tickets."""

    relay: Relay
    sink: Sink
    dns: Nameserver
    threads: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    true: set[str] = field(default_factory=set)  # words of mails that are nobody's forgery

    def post(self, attack: Attack, *recipients: str) -> str:
        """What became of a mail: "550 5.7.26", "451", or "250" and its state: done, again, held."""
        with smtplib.SMTP("127.0.0.1", self.relay.port, timeout=30, local_hostname="client.example") as client:
            client.ehlo(attack.helo)
            for code, text in (client.mail(attack.mail_from), *(client.rcpt(each) for each in (attack.to or recipients))):
                if code >= 400:
                    return _brief(code, text)
            code, text = client.data(attack.raw)
        return f"250 {self._state(text.decode())}" if code == 250 else _brief(code, text)

    def _state(self, answer: str) -> str:
        def state() -> str:
            return next((row[1] for row in self.rows("select id, state from mails") if row[0] in answer), "")

        until(lambda: state() != "", f"a row of the mail: {answer}")
        return state()

    def rows(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        """What the database says."""
        path = self.relay.folder / "data" / "relay.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(statement, values).fetchall()

    def look(self) -> Look:
        ((events, letters, chains),) = self.rows(
            "select (select max(id) from events), (select max(id) from letters), (select max(id) from chains)"
        )
        return Look(int(events), int(letters), int(chains))

    def events(self, since: Look) -> list[tuple[str, ...]]:
        """Kind, author and text of each event after that."""
        return self.rows("select kind, author, text from events where id > ?", since.events)

    def letters(self, since: Look) -> list[tuple[str, ...]]:
        """Recipient and kind of each letter ordered after that."""
        return self.rows("select recipient, kind from letters where id > ?", since.letters)

    def quiet(self) -> None:
        """Waits until no letter is due."""
        until(lambda: not self.rows("select id from letters where state in ('due', 'claimed')"), "the letters to leave")


def words(letter: Received) -> str:
    """What a letter says: its fields and its text parts, decoded, on one line."""
    message = letter.message
    parts = [str(value) for value in message.values()]
    parts += [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return " ".join(" ".join(parts).split())


def _brief(code: int, text: bytes) -> str:
    return "451" if code == 451 else f"{code} {text.decode(errors='replace').split()[0]}"


@contextlib.contextmanager
def world(folder: Path, extra: str = "") -> Iterator[World]:
    """A relay with one chain: anna of shop has opened it, ivan of north has passed it to every other party but spare."""
    sink = Sink().start()
    with Nameserver(zone()) as dns, contextlib.ExitStack() as stack:
        stack.callback(sink.stop)
        nameservers = f'[dns]\nnameservers = ["127.0.0.1:{dns.port}"]\n{BELIEVED}'
        relay = Relay(folder, sink, network(extra), extra=nameservers)
        stack.callback(relay.stop)
        relay.start()
        made = World(relay, sink, dns)
        _furnish(made)
        yield made


def _furnish(world: World) -> None:
    anna, ivan = PARTIES["shop"][0][0], PARTIES["north"][0][0]
    opening = Case("shop", anna, f"north@{DOMAIN}", "The pump leaks.")
    assert world.post(Attack(opening.signed(), anna), opening.to) == "250 done"
    letter = world.sink.wait(ivan)
    below = [name for name in PARTIES if name not in ("shop", "north")]
    passing = Case("north", ivan, letter.thread, "\r\n".join(f"#pass {name}" for name in below))
    assert world.post(Attack(passing.signed(), ivan), passing.to) == "250 done"
    for name, (people, _, _) in PARTIES.items():
        world.threads[name] = world.sink.wait(people[0]).thread
    tokens = {row[0]: row[1] for row in world.rows("select thread, note from tickets")}
    world.true = {opening.word, passing.word}
    world.notes = {name: f"n-{tokens[address[2:28]]}@{DOMAIN}" for name, address in world.threads.items()}
    world.quiet()
