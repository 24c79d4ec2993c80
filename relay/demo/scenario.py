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

    `to`: the intake address of `link`; the writer's own ticket, in answer to the newest letter in his mailbox that somebody
    wrote for others as well (an answer to a note stays internal), with `copy`, the address of a link, in Cc; the note address of
    his ticket, in answer to the newest letter; a click on the line `offer` of the last letter to him, `words` written behind it;
    the ticket of `victim`, for a stranger who has got hold of its address.
    `outcome`: letters to `reaches` and to nobody else, and a receipt to the author if it is `told` to him what became of his
    mail; nothing at all, because it is the mail of the step before over again; held, and `reaches` is told; refused while the
    sender's server is on the line.
    `words` are typed in, `[[name]]` stands for a picture, lines with `#` are commands; `below` puts them under the quote.
    """

    what: str
    by: str
    words: str = ""
    to: Literal["intake", "thread", "note", "click", "victim"] = "thread"
    link: str = ""
    copy: str = ""
    offer: str = ""
    subject: str = ""
    files: tuple[File, ...] = ()
    below: bool = False
    internal: bool = False
    victim: str = ""
    outcome: Literal["letters", "nothing", "held", "refused"] = "letters"
    reaches: tuple[str, ...] = ()
    told: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """A command of the administrator's, and to whom it sends letters, from an address that begins with `sender`."""

    what: str
    command: tuple[str, ...]
    sender: str
    reaches: tuple[str, ...]


OLGA, IVAN, MARIA = "olga@samovar.example", "ivan@north.example", "maria@north.example"
GLEB, SERGEY, EMMA = "gleb@plumbers.example", "sergey@repairs.example", "emma@boilerworks.example"
STRANGER = "win@lottery.example"

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
        Person(GLEB, "Глеб Трубин", "plumbers", "thunderbird", "-- \nГлеб Трубин, Quick Plumbers"),
        Person(SERGEY, "Сергей Мастеров", "repairs", "iphone", "Отправлено с iPhone"),
        Person(EMMA, "Emma Clarke", "vendor", "gmail", "-- \nEmma Clarke\nBoiler Works Ltd, Leeds", "en", "Europe/London"),
        Person(STRANGER, "Lottery Office", "", "thunderbird", "", "en", "UTC"),
    )
}
# What must stand nowhere in a party's mailbox: names, addresses and numbers of these, and what their files say of them.
HIDDEN: dict[str, tuple[str, ...]] = {
    "customer": ("plumbers", "repairs", "vendor"),
    "contractor": ("vendor",),
    "plumbers": ("customer", "repairs", "vendor"),
    "repairs": ("customer", "plumbers"),
    "vendor": ("customer", "contractor", "plumbers"),
}
NUMBERS = {"repairs": "РМ-482"}  # by which a party itself calls the matter
STEPS = (
    Step(
        what="A tea shop writes to its contractor's address: that opens a ticket. The model is read; the address is asked for",
        by=OLGA,
        to="intake",
        link="north",
        subject="Самовар на 200 чашек течёт",
        words=(
            "Добрый день!\n\nС утра течёт из-под крана, подставляем таз. Вот как это выглядит:\n\n[[самовар.jpg]]\n\n"
            "Модель: СМ-200\n\nКогда вас ждать?"
        ),
        files=(File("самовар.jpg", "samovar.jpg", "image/jpeg"),),
        reaches=(IVAN, MARIA),
        told=True,
    ),
    Step(
        what="She clicks on what she was asked, and fills it in",
        by=OLGA,
        to="click",
        offer="#поле Адрес:",
        words="Пятницкая, 12, вход со двора",
        reaches=(IVAN, MARIA),
        told=True,
    ),
    Step(
        what="The contractor accepts: he clicks on a line of the letter, and sends what opens as it is",
        by=IVAN,
        to="click",
        offer="#принято",
        reaches=(OLGA,),
        told=True,
    ),
    Step(
        what="An internal note, by a command: it stays with the contractor's own people",
        by=IVAN,
        words="#внутреннее\nМария, у них висит долг за февраль, 14 300 рублей. Можно ли отправлять мастера?",
        internal=True,
        reaches=(MARIA,),
        told=True,
    ),
    Step(
        what="His colleague writes to the ticket's note address; that stays with them, too",
        by=MARIA,
        to="note",
        words="Деньги за февраль пришли сегодня в 11:40, отправляйте.",
        below=True,
        internal=True,
        reaches=(IVAN,),
        told=True,
    ),
    Step(
        what="He passes the ticket on to a subcontractor, over a link that hides each side from the other",
        by=IVAN,
        words="#передать plumbers Посмотрите, пожалуйста, сегодня.",
        reaches=(GLEB,),
        told=True,
    ),
    Step(
        what="That one declines, with a reason, and wants no more mails of it; the customer hears nothing of all this",
        by=GLEB,
        words="#отказ До четверга все бригады заняты.\n#тихо",
        below=True,
        reaches=(IVAN, MARIA, POSTMASTER),
        told=True,
    ),
    Step(
        what="He passes it to another one, who is hidden as well",
        by=IVAN,
        words="#передать repairs Сможете сегодня?",
        reaches=(SERGEY,),
        told=True,
    ),
    Step(
        what="The technician answers from the spot, with a photo. To the customer it comes from her contractor",
        by=SERGEY,
        words="На месте. Трещина в корпусе крана:\n[[IMG_2041.jpeg]]\nКран под замену, остальное цело.\n\n#номер РМ-482",
        files=(File("IMG_2041.jpeg", "tap.jpg", "image/jpeg"),),
        reaches=(OLGA, IVAN, MARIA),
        told=True,
    ),
    Step(
        what="He brings the vendor in: the vendor's address in Cc, his words below the quote",
        by=SERGEY,
        words="Заказываю новый кран.\nWe need a tap KB-3 for this SM-200 today, see the photo above. Is there one in stock?",
        copy="vendor",
        below=True,
        reaches=(EMMA, OLGA, IVAN, MARIA),
    ),
    Step(
        what="The vendor answers in English, with a data sheet",
        by=EMMA,
        words=(
            "Hello,\n\nYes, we have two; a courier will bring one within two hours.\n"
            "The gasket has to be changed as well, see the data sheet."
        ),
        files=(File("KB-3 data sheet.pdf", "datasheet.pdf", "application/pdf"),),
        reaches=(OLGA, IVAN, MARIA, SERGEY),
        told=True,
    ),
    Step(
        what="Her mail server sends the same mail once more: nothing comes twice",
        by=EMMA,
        outcome="nothing",
    ),
    Step(
        what="The technician writes that it is done, and how long it took; the hours are for the contractor only",
        by=SERGEY,
        words="Готово, заменили кран. Прокладку тоже.\n\n#время 2ч30м",
        reaches=(OLGA, IVAN, MARIA, EMMA),
        told=True,
    ),
    Step(
        what="His receipt has offered the status that this sounds like; he clicks",
        by=SERGEY,
        to="click",
        offer="#решено",
        reaches=(IVAN, MARIA, EMMA),
        told=True,
    ),
    Step(
        what="The contractor tells his customer that the work is done",
        by=IVAN,
        words="Самовар снова в строю, проверяйте.\n\n#решено",
        reaches=(OLGA, SERGEY, EMMA),
        told=True,
    ),
    Step(
        what="The customer closes the ticket and rates the work; only her contractor sees the rating",
        by=OLGA,
        words="Не капает, спасибо! Чай за счёт заведения.\n\n#закрыть\n#оценка 5 Быстро и чисто",
        reaches=(IVAN, MARIA, SERGEY, EMMA),
        told=True,
    ),
    Step(
        what="A stranger writes to the contractor's address as if he were the customer: his mail is held, and she is asked",
        by=STRANGER,
        to="intake",
        link="north",
        subject="You have won",
        words="Dear friend, you have won a samovar of gold.",
        outcome="held",
        reaches=(OLGA,),
    ),
    Step(what="No, he is not: one click, and nobody ever gets his mail", by=OLGA, to="click", offer="нет", told=True),
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
SUMMARIES = (
    Summary(
        what="The contractor's digest: what waits for whom. A party gets it at the hours that it names; here it is sent now",
        command=("digest", "contractor", "--send"),
        sender="digest@",
        reaches=(IVAN, MARIA),
    ),
    Summary(
        what="The contractor's report: who has done what. It comes monthly, and is confirmed or disputed by one click",
        command=("report", "--party", "contractor", "--send"),
        sender="s-",
        reaches=(IVAN, MARIA),
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

[parties.plumbers]
name     = "Quick Plumbers"
language = "ru"
contacts = ["Глеб Трубин <gleb@plumbers.example>"]
trust    = "address"

[parties.repairs]
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
from   = "customer"
to     = "contractor"
fields = ["Модель", "Адрес"]   # asked for when missing

[links.plumbers]
from     = "contractor"
to       = "plumbers"
identity = "hidden"            # whoever is beyond it appears as the one before it, from both sides

[links.repairs]
from     = "contractor"
to       = "repairs"
identity = "hidden"

[links.vendor]
from = "repairs"
to   = "vendor"
"""
