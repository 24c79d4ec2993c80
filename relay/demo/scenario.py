"""The demo's conversation as data: who takes part, with which mail client, and what each writes in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Client = Literal["mail.ru", "outlook", "iphone", "gmail", "thunderbird"]
CLIENTS: dict[Client, str] = {
    "mail.ru": "Mail.ru in a browser",
    "outlook": "Outlook",
    "iphone": "an iPhone",
    "gmail": "Gmail",
    "thunderbird": "Thunderbird",
}
DOMAIN = "relay.example"
POSTMASTER = "admin@owner.example"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes: `party` is "" for a stranger; `signature` is what the client adds, "" for none."""

    address: str
    name: str
    party: str
    client: Client
    signature: str = ""
    language: Literal["ru", "en"] = "ru"
    timezone: str = "Europe/Moscow"


@dataclass(frozen=True, slots=True)
class File:
    """A file that is sent: its name as the sender has it, and which of the folder `files` it is.

    One whose `[[name]]` stands in the text is a picture in that place, another one is attached.
    """

    name: str
    source: str
    type: str


@dataclass(frozen=True, slots=True)
class Step:
    """One mail and what must come of it.

    `to`: the intake address of `link`; the writer's own ticket, in answer to the newest letter in his mailbox that is no
    internal note (an answer to a note stays internal), with `copy`, the address of a link, in Cc; the note address of his
    ticket, in answer to the newest letter; the ticket of `victim`, for a stranger who has got hold of its address.
    `outcome`: letters to `reaches` and to nobody else; nothing at all, because it is the mail of the step before over again;
    held, and `reaches` is told; refused while the sender's server is on the line.
    `words` are typed in, `[[name]]` stands for a picture, lines with `#` are commands; `below` puts them under the quote.
    """

    what: str
    by: str
    words: str = ""
    to: Literal["intake", "thread", "note", "victim"] = "thread"
    link: str = ""
    copy: str = ""
    subject: str = ""
    files: tuple[File, ...] = ()
    below: bool = False
    internal: bool = False
    victim: str = ""
    outcome: Literal["letters", "nothing", "held", "refused"] = "letters"
    reaches: tuple[str, ...] = ()


OLGA, IVAN, MARIA = "olga@samovar.example", "ivan@north.example", "maria@north.example"
SERGEY, EMMA, STRANGER = "sergey@repairs.example", "emma@boilerworks.example", "win@lottery.example"

PEOPLE = {
    person.address: person
    for person in (
        Person(OLGA, "Ольга Самоварова", "customer", "mail.ru", "--\nОльга Самоварова\nЧайная «Самовар», Пятницкая, 12"),
        Person(
            IVAN,
            "Иван Петров",
            "contractor",
            "outlook",
            "С уважением,\nИван Петров\nдиспетчер, North Service\nтел. 8 495 000-56-78",
        ),
        Person(MARIA, "Мария Лебедева", "contractor", "thunderbird", "-- \nМария Лебедева\nбухгалтерия North Service"),
        Person(SERGEY, "Сергей Мастеров", "subcontractor", "iphone", "Отправлено с iPhone"),
        Person(EMMA, "Emma Clarke", "vendor", "gmail", "-- \nEmma Clarke\nBoiler Works Ltd, Leeds", "en", "Europe/London"),
        Person(STRANGER, "Lottery Office", "", "thunderbird", "", "en", "UTC"),
    )
}
STEPS = (
    Step(
        what="A tea shop writes to the address of its contractor; that opens a ticket",
        by=OLGA,
        to="intake",
        link="north",
        subject="Самовар на 200 чашек течёт",
        words=(
            "Добрый день!\n\nСамовар СМ-200 в зале течёт из-под крана, с утра подставляем таз. Вот как это выглядит:\n\n"
            "[[самовар.jpg]]\n\nДоговор приложила. Когда вас ждать?"
        ),
        files=(
            File("самовар.jpg", "samovar.jpg", "image/jpeg"),
            File("Договор № 17.pdf", "contract.pdf", "application/pdf"),
        ),
        reaches=(IVAN, MARIA, OLGA),
    ),
    Step(
        what="The contractor answers, with the whole letter quoted below and a signature",
        by=IVAN,
        words="Ольга, добрый день!\n\nЗаявку приняли. Перекройте воду: красный вентиль под стойкой. Мастер будет сегодня.",
        reaches=(OLGA,),
    ),
    Step(
        what="An internal note, by a command: it stays with the contractor's own people",
        by=IVAN,
        words="#внутреннее\nМария, у них висит долг за февраль, 14 300 рублей. Что с оплатой, можно ли отправлять мастера?",
        internal=True,
        reaches=(MARIA,),
    ),
    Step(
        what="His colleague writes to the ticket's note address; that stays with them, too",
        by=MARIA,
        to="note",
        words="Деньги за февраль пришли сегодня в 11:40, отправляйте.",
        below=True,
        internal=True,
        reaches=(IVAN,),
    ),
    Step(
        what="The contractor passes the ticket on, by a command",
        by=IVAN,
        words="Сергей, посмотрите, пожалуйста, сегодня. Пятницкая, 12, спросить Ольгу.\n\n#передать repairs",
        reaches=(SERGEY, OLGA),
    ),
    Step(
        what="The subcontractor's technician answers from the spot, with a photo",
        by=SERGEY,
        words="На месте. Трещина в корпусе крана:\n[[IMG_2041.jpeg]]\nКран под замену, сам самовар цел.",
        files=(File("IMG_2041.jpeg", "tap.jpg", "image/jpeg"),),
        reaches=(OLGA, IVAN, MARIA),
    ),
    Step(
        what="He brings the vendor in: the vendor's address in Cc, his words below the quote",
        by=SERGEY,
        words="Emma, do you have the tap KB-3 for a samovar SM-200 in stock? The old one is cracked, see the photo above.",
        copy="vendor",
        below=True,
        reaches=(EMMA, OLGA, IVAN, MARIA),
    ),
    Step(
        what="The vendor answers in English, with a data sheet",
        by=EMMA,
        words=(
            "Hello Sergey,\n\nYes, we have two. If you order today, it will be with you on Thursday.\n"
            "The gasket has to be changed as well, see the data sheet."
        ),
        files=(File("KB-3 data sheet.pdf", "datasheet.pdf", "application/pdf"),),
        reaches=(OLGA, IVAN, MARIA, SERGEY),
    ),
    Step(
        what="The customer answers everyone at once",
        by=OLGA,
        words="Спасибо всем! В четверг ждём, чай за счёт заведения.",
        reaches=(IVAN, MARIA, SERGEY, EMMA),
    ),
    Step(
        what="Her mail server sends the same mail once more: nothing comes twice",
        by=OLGA,
        outcome="nothing",
    ),
    Step(
        what="A stranger writes to the contractor's address: his mail is held, and the relay's postmaster is asked",
        by=STRANGER,
        to="intake",
        link="north",
        subject="You have won",
        words="Dear friend, you have won a samovar of gold.",
        outcome="held",
        reaches=(POSTMASTER,),
    ),
    Step(
        what="The stranger has got hold of the contractor's own ticket address: his mail is refused",
        by=STRANGER,
        to="victim",
        victim="contractor",
        subject="You have won again",
        words="Dear friend, please confirm.",
        outcome="refused",
    ),
)

TOML = """\
# Written by `relay demo`.

[relay]
domain     = "{domain}"
name       = "The relay"
prefix     = "A"
postmaster = "{postmaster}"
timezone   = "Europe/Moscow"
data       = "data"

[smtp]
listen = ["127.0.0.1:{port}"]

[delivery]
smarthost = "smtp://127.0.0.1:{smarthost}"   # the demo's own: it puts each letter into the mailbox of its recipient

[dkim]
selector = "{selector}"
key      = "{key}"

# trust = "address": on this machine there is no DNS that could prove a sender.

[parties.customer]
name     = "Чайная «Самовар»"
language = "ru"
contacts = ["Ольга Самоварова <olga@samovar.example>"]
trust    = "address"

[parties.contractor]
name     = "North Service"
language = "ru"
contacts = ["Иван Петров <ivan@north.example>", "Мария Лебедева <maria@north.example>"]
trust    = "address"
unknown  = "refuse"

[parties.subcontractor]
name     = "Repairs"
language = "ru"
contacts = ["Сергей Мастеров <sergey@repairs.example>"]
trust    = "address"

[parties.vendor]
name     = "Boiler Works"
language = "en"
timezone = "Europe/London"
contacts = ["Emma Clarke <emma@boilerworks.example>"]
trust    = "address"

[links.north]
from = "customer"
to   = "contractor"

[links.repairs]
from = "contractor"
to   = "subcontractor"

[links.vendor]
from = "subcontractor"
to   = "vendor"
"""
