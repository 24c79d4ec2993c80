"""Raw mails read whole: MIME, charsets, headers, files, what kind of mail it is."""

from __future__ import annotations

import email.policy
import hashlib
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.errors import Refused
from relay.mail.parts.flowed import unflow
from relay.mail.reader import read
from relay.model import Contact
from tests.mail.samples import joined, mail, multipart, page, part, plain

ATTRIBUTION = "пн, 23 нояб. 2026 г. в 10:00, Мария <maria@acme.example>:\r\n> Когда?\r\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))


def test_a_whole_mail() -> None:
    raw = mail(
        f"#принято\r\nПриедем завтра.\r\n\r\n-- \r\nИван\r\n\r\n{ATTRIBUTION}",
        "To: Relay <T-AAAA@relay.example>, x@y.example",
        "Cc: NORTH@relay.example",
        "Subject: =?utf-8?b?UmU6INCd0LDRgdC+0YE=?=",
        "Message-ID: <1@north.example>",
        "In-Reply-To: <b@relay.example>",
        "References: <a@relay.example>\r\n <b@relay.example>",
        "Date: Mon, 23 Nov 2026 10:00:00 +0300",
        "X-Relay-Loop: A-17",
        "Content-Type: text/plain; charset=utf-8",
    )
    found = read(raw)
    assert (found.kind, found.author, found.subject) == ("reply", Contact("ivan@north.example", "Ivan Petrov"), "Re: Насос")
    assert (found.message_id, found.references) == ("<1@north.example>", ("<a@relay.example>", "<b@relay.example>"))
    assert found.to == ("t-aaaa@relay.example", "x@y.example", "north@relay.example")
    assert (found.text, found.signature) == ("Приедем завтра.", "--\nИван")
    assert [each.word for each in found.commands] == ["accept"]
    assert (found.date, found.loops) == ("Mon, 23 Nov 2026 10:00:00 +0300", ("A-17",))
    assert found.quoted.startswith("пн, 23 нояб.")


# ── who wrote it ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sender", "address", "name"),
    [
        ("ivan@north.example", "ivan@north.example", ""),
        ("<ivan@north.example>", "ivan@north.example", ""),
        ("ivan@north.example <ivan@north.example>", "ivan@north.example", ""),
        ('"Petrov, Ivan" <ivan@north.example>', "ivan@north.example", "Petrov, Ivan"),
        ("=?utf-8?q?Petrov=2C_Ivan?= <ivan@north.example>", "ivan@north.example", "Petrov, Ivan"),
        ("=?koi8-r?B?6dfBzg==?= <ivan@north.example>", "ivan@north.example", "Иван"),
        ("Иван И. Петров <ivan@north.example>", "ivan@north.example", "Иван И. Петров"),
        ("=?utf-8?q?Iv=0D=0ABcc:_x=E2=80=AEan?= <ivan@north.example>", "ivan@north.example", "Iv Bcc: xan"),
        ("Иван <иван@почта.example>", "иван@почта.example", "Иван"),
    ],
)
def test_one_author(sender: str, address: str, name: str) -> None:
    assert read(mail(sender=sender)).author == Contact(address, name)


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "Ivan",
        "<>",
        "a@north.example, b@evil.example",
        "a@north.example, a@north.example",
        "a@north.example\r\nFrom: b@evil.example",
        "friends: a@north.example;",
        "a@north.example <b@evil.example>",
        "<a@north.example> <b@evil.example>",
        "Ivan <a@north.example> b@evil.example",
        '"Ivan <a@north.example>',
        "a@b@north.example",
        "Ivan a@north.example",
        "a@north..example",
        "(" * 3000 + "a@north.example",
    ],
)
def test_no_one_author_is_refused(sender: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(mail(sender=sender))
    assert (refusal.value.code, refusal.value.enhanced) == (554, "5.6.0")


def test_a_mail_without_from_is_refused() -> None:
    with pytest.raises(Refused, match="no From field"):
        read(b"Subject: x\r\n\r\nx")


def test_headers_lose_what_lies() -> None:
    subject = "Subject: =?utf-8?q?pay=E2=80=AEfdp=00=0D=0AX:_y=E2=80=8B?="
    assert read(mail("x", subject)).subject == "payfdp X: y"


# ── bodies ─────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = "Прошу прислать накладную на двигатель и насос."


@pytest.mark.parametrize(
    ("declared", "real"),
    [
        ("windows-1251", "windows-1251"),
        ("koi8-r", "koi8-r"),
        ("iso-8859-1", "windows-1251"),
        ("us-ascii", "windows-1251"),
        ("us-ascii", "utf-8"),
        ("windows-1251", "utf-8"),
        ("windows-1251", "koi8-r"),
        ("koi8-r", "windows-1251"),
        ("no-such-charset", "koi8-r"),
        ("rot13", "utf-8"),
        ("utf-8", "windows-1251"),
        ("iso-8859-5", "iso-8859-5"),
        ("utf-16", "utf-16"),
    ],
)
def test_charsets_declared_rightly_and_wrongly(declared: str, real: str) -> None:
    fields = (f"Content-Type: text/plain; charset={declared}", "Content-Transfer-Encoding: base64")
    assert read(mail(part("x/x", WORDS.encode(real)).partition(b"\r\n\r\n")[2], *fields)).text == WORDS


def test_western_letters_are_not_taken_for_cyrillic() -> None:
    assert (
        read(mail("Nächste Woche für Sie".encode("latin-1"), "Content-Type: text/plain; charset=us-ascii")).text
        == "Nächste Woche für Sie"
    )


def test_broken_utf8_is_still_utf8() -> None:
    broken = WORDS.encode()[:-3] + b"\xd0. " + WORDS.encode()
    assert WORDS in read(mail(broken, "Content-Type: text/plain; charset=utf-8")).text


def test_an_alternative_is_read_once() -> None:
    raw = multipart("alternative", plain(f"Приедем завтра.\n\n{ATTRIBUTION}"), page("<p>Приедем завтра.</p>"))
    assert read(raw).text == "Приедем завтра."


def test_html_is_read_where_the_plain_part_is_a_stub_or_empty() -> None:
    html = "<style>p{}</style>" + "".join(f"<p>Строка {number} письма про насос и двигатель.</p>" for number in range(20))
    for stub in ("", "Your mail program cannot show HTML."):
        assert "Строка 19 письма" in read(multipart("alternative", plain(stub), page(html))).text


def test_html_is_read_where_the_plain_part_does_not_mark_its_quotes() -> None:
    html = "<div>23.11.2026, 10:00, «Мария» &lt;maria@acme.example&gt;:</div><blockquote>Когда?</blockquote><div>Завтра.</div>"
    text = "23.11.2026, 10:00, «Мария» <maria@acme.example>:\n\nКогда?\n\nЗавтра."
    assert read(multipart("alternative", plain(text), page(html))).text == "Завтра."


def test_bodies_around_a_picture_are_one_text() -> None:
    raw = multipart("mixed", plain("Было:"), part("image/png; name=a.png", PNG), plain("Стало хорошо."))
    found = read(raw)
    assert found.text.split() == ["Было:", "Стало", "хорошо."]
    assert [each.name for each in found.attachments] == ["a.png"]


def test_hidden_nodes_and_scripts_are_not_read() -> None:
    html = (
        "<head><title>T1</title></head><style>S1</style><script>S2</script><p>Видно.</p><p style='display:none'>H1</p>"
        "<span style='font-size:0px'>H2</span><span style='color:#ffffff'>H3</span><div hidden>H4</div><!-- C1 -->"
        "<table bgcolor=navy><tr><td><b style='color:white'>Кнопка</b></table>"
    )
    assert read(mail(html, "Content-Type: text/html; charset=utf-8")).text.split() == ["Видно.", "Кнопка"]


WORD = "<html><body><div class=WordSection1>{}</div></body></html>"


def word(text: str) -> bytes:
    """What Outlook sends of a text: a double-spaced plain part and Word's HTML."""
    plainly = "".join(f"{line or ' '}\r\n\r\n" for line in text.split("\n"))
    html = "".join(f"<p class=MsoNormal><span>{line or '&nbsp;'}<o:p></o:p></span></p>" for line in text.split("\n"))
    return multipart("alternative", plain(plainly.replace("<br>", "\r\n")), page(WORD.format(html)))


@pytest.mark.parametrize(
    "text", ["Приняли.\n\nМастер будет сегодня.\nЖдите.", "Приняли.\nМастер будет сегодня.", "Адрес:<br>Ленина, 5\nЖдём."]
)
def test_outlooks_paragraphs_and_signature(text: str) -> None:
    card = "С уважением,\nИван Петров\nдиспетчер, North Service"
    found = read(word(f"{text}\n{card}"))
    assert (found.text, found.signature) == (text.replace("<br>", "\n"), card)


def test_paragraphs_with_room_between_them_stay_apart() -> None:
    text = ["Приняли.", "Мастер будет сегодня.", "Ждите."]
    html = "".join(f"<p>{line}</p>" for line in text)
    assert read(multipart("alternative", plain("\r\n\r\n".join(text)), page(html))).text == "\n\n".join(text)


def test_a_link_keeps_its_address() -> None:
    html = '<p>Фото <a href="https://disk.example/i/5">здесь</a>, см. <a href="https://x.example/">x.example</a></p>'
    assert (
        read(mail(html, "Content-Type: text/html; charset=utf-8")).text == "Фото здесь <https://disk.example/i/5>, см. x.example"
    )


def test_styles_cannot_fill_the_memory() -> None:
    html = '<p style="padding-left:99999999px;margin-top:9999999px">x</p><table><tr><td>' + "y" * 9000 + "<tr><td>z</table>"
    assert len(read(mail(html, "Content-Type: text/html")).text) < 10_000


def test_flowed_text_is_joined() -> None:
    flowed = ">> Когда \n>> приедете?\n> Скоро\nЗавтра \nутром.\n-- \nИван\n  отступ\n"
    assert unflow(flowed) == ">> Когда приедете?\n> Скоро\nЗавтра утром.\n-- \nИван\n отступ\n"
    assert unflow("насо \nсы", delsp=True) == "насосы"
    raw = mail("Завтра \r\nутром.\r\n", "Content-Type: text/plain; format=flowed; charset=utf-8")
    assert read(raw).text == "Завтра утром."


def test_a_forwarded_mail_stays_and_commands_nothing() -> None:
    forwarded = "---------- Forwarded message ---------\nFrom: Maria <maria@acme.example>\nSubject: x\n\nНасос.\n#закрыть"
    found = read(mail(f"К сведению.\n#internal\n\n{forwarded}", "Content-Type: text/plain; charset=utf-8"))
    assert [each.word for each in found.commands] == ["internal"]
    assert found.text == f"К сведению.\n\n{forwarded}"


def test_the_subject_tells_a_forward_from_an_empty_answer() -> None:
    body = "От: Мария <m@acme.example>\nОтправлено: 23.11.2026 10:00\nКому: Иван\nТема: Насос\n\nНасос стоит."
    kind = "Content-Type: text/plain; charset=utf-8"
    assert read(mail(body, "Subject: FW: x", "In-Reply-To: <a@b.example>", kind)).text == body
    assert read(mail(body, "Subject: [A-1] RE: x", kind)).text == ""
    assert read(mail(body, "Subject: x", kind)).text == body


# ── files ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename=act.pdf", "act.pdf"),
        ("attachment; filename*=utf-8''%D0%90%D0%BA%D1%82.pdf", "Акт.pdf"),
        ("attachment; filename*0*=utf-8''%D0%90%D0%BA;\r\n filename*1*=%D1%82.pdf", "Акт.pdf"),
        ('attachment; filename="=?utf-8?b?0JDQutGCLnBkZg==?="', "Акт.pdf"),
        ('attachment; filename="=?utf-8?b?0JDQutGC?=\r\n =?utf-8?b?LnBkZg==?="', "Акт.pdf"),
        ("attachment; filename==?koi8-r?B?4cvULnBkZg==?=", "Акт.pdf"),
        ('attachment; filename="%D0%90%D0%BA%D1%82.pdf"', "Акт.pdf"),
        ('attachment; filename="Акт.pdf"', "Акт.pdf"),
        ('attachment; filename="..\\\\..\\\\etc/passwd"', "passwd"),
        ('attachment; filename="act\u202efdp.exe"', "actfdp.exe"),
        ('attachment; filename="=?utf-8?q?a=0D=0Ab=00.pdf?="', "a b.pdf"),
        ('attachment; filename="../.."', "application.pdf"),
        ("attachment", "application.pdf"),
        ("attachment; filename*=bogus''%zz%ff", "%zzÿ"),
    ],
)
def test_file_names(disposition: str, name: str) -> None:
    raw = multipart("mixed", plain("Акт."), part("application/pdf", b"%PDF-", f"Content-Disposition: {disposition}"))
    (file,) = read(raw).attachments
    assert (file.name, file.type, file.content) == (name, "application/pdf", b"%PDF-")
    assert (file.size, file.sha256) == (5, hashlib.sha256(b"%PDF-").hexdigest())


def test_a_long_name_keeps_its_extension() -> None:
    raw = multipart("mixed", part("application/pdf", b"x", f"Content-Disposition: attachment; filename={'я' * 400}.pdf"))
    (file,) = read(raw).attachments
    assert len(file.name) <= 150
    assert file.name.endswith(".pdf")


def test_inline_pictures_stand_in_the_text() -> None:
    html = (
        '<p>Было: <img src="cid:one@x"> стало: <img src="cid:two%40x">.</p><blockquote>Лого <img src="cid:logo@x"></blockquote>'
    )
    pictures = [
        part("image/png", PNG, f"Content-ID: <{name}@x>", f"Content-Disposition: inline; filename={name}.png") for name in NAMES
    ]
    inner = joined("inner", page(html), *pictures)
    raw = multipart("alternative", plain("Было:  стало: ."), part('multipart/related; boundary="inner"', inner))
    found = read(raw)
    assert found.text == "Было: [cid:p2] стало: [cid:p3]."
    assert [(each.name, each.content_id) for each in found.attachments] == [
        ("one.png", "p2"),
        ("two.png", "p3"),
        ("free.png", ""),
    ]


NAMES = ("logo", "one", "two", "free")


def photo(name: str = "IMG_1.jpeg", *fields: str, disposition: str = "inline") -> bytes:
    """A picture as iPhone and Apple Mail put it between texts: no Content-ID."""
    return part(f"image/jpeg; name={name}", PNG, f"Content-Disposition: {disposition}; filename={name}", *fields)


def placed(*parts: bytes) -> tuple[str, list[tuple[str, str]]]:
    found = read(multipart("mixed", *parts))
    return found.text, [(each.name, each.content_id) for each in found.attachments]


ABOVE, BETWEEN = plain("Трещина в корпусе:"), plain("\r\nКран под замену.\r\n\r\nОтправлено с iPhone")
PHONE_QUOTE = "\r\n\r\n> 23 нояб. 2026 г., в 10:00, Мария <m@acme.example> написал(а):\r\n> \r\n> Когда?"


@pytest.mark.parametrize("quote", ["", PHONE_QUOTE])
def test_a_photo_between_texts_keeps_its_place(quote: str) -> None:
    below = plain(f"\r\nКран под замену.\r\n\r\nОтправлено с iPhone{quote}")
    text = "Трещина в корпусе:\n[cid:p1]\n\nКран под замену."
    assert placed(ABOVE, photo(), below) == (text, [("IMG_1.jpeg", "p1")])


def test_photos_in_a_row_first_and_last() -> None:
    text = "[cid:p1]\nТрещина в корпусе:\n[cid:p2]\n[cid:p3]"
    files = [("1.jpeg", "p1"), ("2.jpeg", "p2"), ("3.jpeg", "p3")]
    assert placed(photo("1.jpeg"), ABOVE, photo("2.jpeg"), photo("3.jpeg")) == (text, files)


def test_an_attached_photo_and_an_inline_document_stay_files() -> None:
    document = part("application/pdf; name=a.pdf", b"%PDF-", "Content-Disposition: inline; filename=a.pdf")
    text, files = placed(ABOVE, photo(disposition="attachment"), document, BETWEEN)
    assert text == "Трещина в корпусе:\n\nКран под замену."
    assert files == [("IMG_1.jpeg", ""), ("a.pdf", "")]


@pytest.mark.parametrize("card", ["-- \r\nИван", "С уважением,\r\nИван\r\nтел. 8 495 000-56-78"])
def test_a_photo_below_the_signature_is_the_writers(card: str) -> None:
    assert placed(plain(f"Фото ниже.\r\n\r\n{card}\r\n"), photo()) == ("Фото ниже.\n\n[cid:p1]", [("IMG_1.jpeg", "p1")])


def test_a_photo_amid_history_stays_as_a_file() -> None:
    history = (
        "Готово.\r\n\r\nОт: Мария <m@acme.example>\r\nОтправлено: 23.11.2026 10:00\r\nКому: Иван\r\nТема: Насос\r\n\r\nКогда?"
    )
    assert placed(plain(history), photo(), plain("Спасибо")) == ("Готово.", [("IMG_1.jpeg", "")])


def test_a_photo_between_pages_keeps_its_place() -> None:
    pages = page("<html><body><p>Трещина:</p></body></html>"), photo(), page("<html><body><p>Кран под замену.</p></body></html>")
    inner = part('multipart/mixed; boundary="inner"', joined("inner", *pages))
    for raw in (
        multipart("mixed", *pages),
        multipart("alternative", inner),
        multipart("alternative", plain("Трещина:\r\n\r\nКран под замену."), inner),
    ):
        found = read(raw)
        assert found.text.split() == ["Трещина:", "[cid:p1]", "Кран", "под", "замену."]
        assert [each.content_id for each in found.attachments] == ["p1"]


def test_a_photo_that_the_better_reading_does_not_show_stays_as_a_file() -> None:
    plainly = part('multipart/mixed; boundary="inner"', joined("inner", plain("Трещина"), photo()))
    found = read(multipart("alternative", plainly, page("<p>Трещина</p><blockquote type=cite>Когда?</blockquote>")))
    assert (found.text, [each.content_id for each in found.attachments]) == ("Трещина", [""])


def test_outlooks_plain_text_names_its_pictures() -> None:
    picture = part("image/png; name=image001.png", PNG, "Content-ID: <image001.png@01D.B2>")
    found = read(multipart("mixed", plain("Фото: [cid:image001.png@01D.B2] вот"), picture))
    assert found.text == "Фото: [cid:p1] вот"
    assert [each.content_id for each in found.attachments] == ["p1"]


def test_an_attached_mail_is_one_file_byte_for_byte() -> None:
    inner = (
        b"From: x@y.example\r\nSubject: =?utf-8?q?=D0=90=D0=BA=D1=82?=\r\nX-Odd:  two\r\n\tlines\r\n"
        b"Content-Type: multipart/mixed;\r\n boundary=q\r\n\r\n--q\r\n\r\nSECRET\r\n--q--\r\n"
    )
    found = read(multipart("mixed", plain("Смотрите."), part("message/rfc822", inner)))
    (file,) = found.attachments
    assert (file.name, file.type, file.content) == ("Акт.eml", "message/rfc822", inner)
    assert found.text == "Смотрите."


def test_signatures_are_no_files_and_calendars_are() -> None:
    signed = [plain("Да."), part("application/pkcs7-signature; name=smime.p7s", b"x")]
    assert read(multipart("signed", *signed)).attachments == ()
    invitation = multipart("mixed", plain("Да."), part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR"))
    assert [each.name for each in read(invitation).attachments] == ["text.ics"]


def test_a_named_text_part_is_a_file() -> None:
    found = read(multipart("mixed", plain("Журнал."), part("text/plain; name=log.txt", "line", "Content-Disposition: inline")))
    assert (found.text, [each.name for each in found.attachments]) == ("Журнал.", ["log.txt"])


# ── what kind of mail ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ((), "reply"),
        (("Auto-Submitted: no",), "reply"),
        (("Auto-Submitted: auto-replied (vacation)",), "auto-reply"),
        (("Auto-Submitted: auto-generated; x=y",), "auto-reply"),
        (("X-Autoreply: yes",), "auto-reply"),
        (("Precedence: auto_reply",), "auto-reply"),
        (("Precedence: junk",), "auto-reply"),
        (("Precedence: list", "List-Id: <x.example>"), "reply"),
        (("Precedence: bulk",), "reply"),
        (("X-Auto-Response-Suppress: All",), "reply"),
    ],
)
def test_kinds(fields: tuple[str, ...], kind: str) -> None:
    assert read(mail("x", *fields)).kind == kind


def report(group: str, kind: str = "delivery-status") -> bytes:
    status = part(f"message/{kind}", f"Reporting-MTA: dns; mx.example\r\n\r\n{group}\r\n")
    returned = part("message/rfc822", b"From: t@relay.example\r\nSubject: SECRET\r\n\r\nSECRET\r\n")
    return multipart(f'report; report-type="{kind}"', plain("Не доставлено."), status, returned)


@pytest.mark.parametrize(
    ("action", "status", "permanent"),
    [
        ("failed", "5.1.1", True),
        ("failed", "5.2.2 (mailbox full)", True),
        ("failed", "4.4.7", False),
        ("delayed", "4.4.1", False),
    ],
)
def test_bounces(action: str, status: str, permanent: bool) -> None:
    group = f"Final-Recipient: rfc822;Ivan@North.example\r\nAction: {action}\r\nStatus: {status}\r\n"
    group += "Diagnostic-Code: smtp; 550 no\r\n such user"
    found = read(report(group))
    assert found.kind == "bounce"
    assert found.bounce is not None
    assert (found.bounce.recipient, found.bounce.permanent, found.bounce.reason) == (
        "ivan@north.example",
        permanent,
        "550 no such user",
    )
    assert found.attachments == ()
    assert "SECRET" not in repr(found)


def test_a_report_of_success_and_a_receipt_are_no_bounces() -> None:
    delivered = read(report("Final-Recipient: rfc822; x@y.example\r\nAction: delivered\r\nStatus: 2.0.0"))
    receipt = read(report("Disposition: manual-action/MDN-sent; displayed", "disposition-notification"))
    assert [(each.kind, each.bounce) for each in (delivered, receipt)] == [("auto-reply", None), ("read-receipt", None)]


# ── the same mail ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_content_is_the_same_on_every_way() -> None:
    text = "Приедем завтра утром, возьмём насос и двигатель.\r\nФото во вложении."
    ways = [
        mail(text, "Subject: x", "Content-Type: text/plain; charset=utf-8"),
        mail(text.encode("koi8-r"), "Received: from a by b", "Subject: x", "Content-Type: text/plain; charset=koi8-r"),
        mail(text.replace("насос", "\r\nнасос"), "Subject: =?utf-8?q?x?=", "Content-Type: text/plain; charset=utf-8"),
        mail(text.replace(", ", ", \r\n"), "Subject: x", "Content-Type: text/plain; format=flowed; charset=utf-8"),
    ]
    assert len({read(each).content for each in ways}) == 1


def test_another_text_file_subject_or_author_is_another_content() -> None:
    file = part("application/pdf; name=a.pdf", b"1")
    raws = [
        mail("a", "Subject: x"),
        mail("b", "Subject: x"),
        mail("a", "Subject: y"),
        mail("a", "Subject: x", sender="petr@north.example"),
        multipart("mixed", plain("a"), file, fields=("Subject: x",)),
    ]
    assert len({read(each).content for each in raws}) == len(raws)


# ── whatever comes ─────────────────────────────────────────────────────────────────────────────────────────


def ordinary() -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["Subject"] = "Иван <ivan@north.example>", "Насос"
    message.set_content(f"Приедем.\n\n{ATTRIBUTION}")
    message.add_alternative("<p>Приедем.</p><blockquote>Когда?</blockquote>", subtype="html")
    message.add_attachment(PNG, maintype="image", subtype="png", filename="фото.png")
    return message.as_bytes()


@given(st.binary(max_size=600))
def test_random_bytes_are_read_or_refused(raw: bytes) -> None:
    for each in (raw, b"From: a@b.example\r\n" + raw, b"From: a@b.example\r\n\r\n" + raw):
        try:
            read(each)
        except Refused as refusal:
            assert refusal.code == 554


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, len(ordinary()) - 1), st.binary(max_size=3), st.integers(0, 40)), min_size=1, max_size=6)
)
def test_mangled_mails_are_read_or_refused(changes: list[tuple[int, bytes, int]]) -> None:
    raw = ordinary()
    for at, inserted, removed in changes:
        raw = raw[:at] + inserted + raw[at + removed :]
    try:
        read(raw)
    except Refused as refusal:
        assert refusal.code == 554


def test_an_answer_that_is_nothing_but_a_quote_says_nothing_new() -> None:
    body = "\r\n\r\n> What the others wrote.\r\n> And more of it.\r\n"
    head = "From: a@shop.example\r\nTo: t@relay.example\r\nDate: Mon, 23 Nov 2026 10:00:00 +0300\r\n"
    for more in ("Subject: Re: Pump\r\n", "Subject: Pump\r\nIn-Reply-To: <x@relay.example>\r\n"):
        found = read((head + more + body).encode())
        assert found.text == "" and "What the others wrote." in found.quoted
    assert "What the others wrote." in read(f"{head}Subject: Fwd: Pump\r\n{body}".encode()).text
