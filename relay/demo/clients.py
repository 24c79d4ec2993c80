"""How each mail client writes: its structure, its HTML, its way to quote and to name the one it quotes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from relay.demo import parts
from relay.demo.letter import Landed, Part
from relay.demo.mails import PICTURE, Draft, content, head, whole
from relay.demo.parts import escape
from relay.demo.scenario import Client, File


def write(draft: Draft) -> bytes:
    """The mail as the author's own client writes it, whole, with CRLF line ends."""
    return WRITERS[draft.author.client](draft)


def _when(draft: Draft, pattern: str) -> str:
    """The date of the letter answered, by its reader's clock and in his language."""
    assert draft.answers is not None
    local: datetime = draft.answers.date.astimezone(ZoneInfo(draft.author.timezone))
    return format_datetime(local, pattern, locale=draft.author.language)


def _lines(text: str, blank: str, line: Callable[[str], str]) -> str:
    return "".join(line(escape(each)) if each else blank for each in text.split("\n"))


def _without_pictures(draft: Draft) -> str:
    return PICTURE.sub("", draft.words)


# ── Mail.ru in a browser ───────────────────────────────────────────────────────────────────────────────────


def mail_ru(draft: Draft) -> bytes:
    """Text and HTML; the quote in a blockquote that begins with "Понедельник, 3 марта 2025, 14:05 +03:00 от …:"."""
    number = int(draft.stamp[:8], 16)
    seconds = int(draft.at.timestamp())
    pictures = {file.name: f"{draft.stamp[i : i + 16]}@{draft.domain}" for i, file in enumerate(draft.pictures)}
    above = f"{_without_pictures(draft)}\n \n{draft.signature}\n \n \n"
    plain, markup = above, _mail_ru_words(draft, pictures)
    if draft.answers is not None:
        by = _mail_ru_attribution(draft, draft.answers)
        plain += parts.quoted(f"{by}\n \n{draft.answers.text}", ">")
        letter = f'<div class="js-helper js-readmsg-msg"><div>{draft.answers.html_body}</div></div>'
        quote = f'{escape(by)}<br>&nbsp;<div id="">{letter}</div>'
        style = "border-left:1px solid #0857A6;margin:10px;padding:0 0 0 10px;"
        markup += f'<div>&nbsp;</div><blockquote style="{style}">{quote}</blockquote>'
    alternative = parts.tree(
        "alternative",
        f"--ALT--{draft.stamp[:32]}{seconds}",
        parts.text("plain", plain),
        parts.text("html", f"\n<HTML><BODY>{markup}</BODY></HTML>\n"),
    )
    shown = [_picture(file, f"<{pictures[file.name]}>") for file in draft.pictures]
    related = parts.tree("related", f"--REL--{draft.stamp[8:40]}{seconds}", alternative, *shown)
    body = parts.tree("mixed", f"----{draft.stamp[16:48]}-{seconds}", related, *map(_attachment, draft.attached))
    ident = f"<{seconds}.{number}@f{number % 400}.i.{draft.domain}>"
    return whole(head(draft, ident, "X-Mailer: Mail.Ru Mailer 1.0", "X-Priority: 3 (Normal)"), body)


def _mail_ru_attribution(draft: Draft, letter: Landed) -> str:
    moment = _when(draft, "EEEE, d MMMM y, HH:mm xxx")
    return f"{moment[0].upper()}{moment[1:]} от {letter.author.name} <{letter.author.address}>:"


def _mail_ru_words(draft: Draft, pictures: dict[str, str]) -> str:
    markup = _lines(draft.words, "<div>&nbsp;</div>", lambda line: f"<div>{line}</div>")
    markup = PICTURE.sub(lambda found: f'<img src="cid:{pictures[found[1]]}" width="480" alt="">', markup)
    signature = escape(draft.signature).replace("\n", "<br>")
    return (
        f'{markup}<div>&nbsp;</div><div data-signature-widget="container"><div data-signature-widget="content">'
        f"<div>{signature}</div></div></div>"
    )


# ── Outlook ────────────────────────────────────────────────────────────────────────────────────────────────


def outlook(draft: Draft) -> bytes:
    """Word's HTML; a header block and below it the whole letter, unquoted, with its pictures sent back."""
    plain = "".join(f"{line}\n\n" if line else " \n\n" for line in f"{draft.words}\n\n{draft.signature}".split("\n"))
    markup = _outlook_words(f"{draft.words}\n\n{draft.signature}")
    returned: tuple[Part, ...] = ()
    if draft.answers is not None:
        returned = tuple(file for file in draft.answers.files if file.content_id)
        rows = _outlook_rows(draft, draft.answers)
        plain += " \n\n" + "".join(f"{label} {value}\n" for label, value in rows) + f"\n{draft.answers.text}"
        markup += _outlook_block(rows) + _outlook_quote(draft.answers, returned, draft)
    document = (
        '<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
        'xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40"><head>'
        '<meta http-equiv=Content-Type content="text/html; charset=utf-8">'
        '<meta name=Generator content="Microsoft Word 15 (filtered medium)"><style><!--\n'
        'p.MsoNormal, li.MsoNormal, div.MsoNormal\n\t{margin:0cm;\n\tfont-size:11.0pt;\n\tfont-family:"Calibri",sans-serif;}\n'
        f"--></style></head><body lang=RU link=blue vlink=purple><div class=WordSection1>{markup}</div></body></html>"
    )
    bodies = (parts.text("plain", plain), parts.text("html", document))
    alternative = parts.tree("alternative", f"----=_NextPart_001_{_outlook_stamp(draft, 1)}", *bodies)
    images = [_returned(file, i, f"<{_outlook_cid(draft, i)}>") for i, file in enumerate(returned)]
    related = parts.tree("related", f"----=_NextPart_000_{_outlook_stamp(draft, 0)}", alternative, *images)
    ident = f"<{draft.stamp[:12]}${draft.stamp[12:20]}${draft.stamp[20:28]}$@{draft.domain}>"
    more = ("X-Mailer: Microsoft Outlook 16.0", f"Thread-Index: Ad{draft.stamp[:24]}==", "Content-Language: ru")
    return whole(head(draft, ident, *more), related)


def _outlook_stamp(draft: Draft, part: int) -> str:
    return f"{draft.stamp[part : part + 4]}_{draft.stamp[4:12]}.{draft.stamp[12:20]}".upper()


def _outlook_cid(draft: Draft, number: int) -> str:
    return (
        f"image{number + 1:03}.jpg@{draft.stamp[:8]}.{draft.stamp[8:16]}".upper().replace("IMAGE", "image").replace("JPG", "jpg")
    )


def _outlook_words(text: str) -> str:
    return _lines(
        text, "<p class=MsoNormal><o:p>&nbsp;</o:p></p>", lambda line: f"<p class=MsoNormal><span>{line}<o:p></o:p></span></p>"
    )


def _outlook_rows(draft: Draft, letter: Landed) -> list[tuple[str, str]]:
    return (
        [
            ("From:", f"{letter.author.name} <{letter.author.address}>"),
            ("Sent:", _when(draft, "EEEE, MMMM d, y h:mm a")),
            ("To:", f"{draft.author.name} <{draft.author.address}>"),
            ("Subject:", letter.subject),
        ]
        if draft.author.language == "en"
        else [
            ("От:", f"{letter.author.name} <{letter.author.address}>"),
            ("Отправлено:", _when(draft, "EEEE, d MMMM y 'г'. H:mm")),
            ("Кому:", f"{draft.author.name} <{draft.author.address}>"),
            ("Тема:", letter.subject),
        ]
    )


def _outlook_block(rows: list[tuple[str, str]]) -> str:
    shown = "<br>".join(f"<b>{label}</b> {escape(value)}" for label, value in rows)
    return (
        "<p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;"
        f"padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><span lang=EN-US>{shown}<o:p></o:p></span></p></div></div>"
        "<p class=MsoNormal><o:p>&nbsp;</o:p></p>"
    )


def _outlook_quote(letter: Landed, returned: tuple[Part, ...], draft: Draft) -> str:
    markup = letter.html_body
    for number, file in enumerate(returned):
        markup = markup.replace(f"cid:{file.content_id}", f"cid:{_outlook_cid(draft, number)}")
    return markup


# ── iPhone ─────────────────────────────────────────────────────────────────────────────────────────────────


def iphone(draft: Draft) -> bytes:
    """Plain text; a photo stands between two texts, each a part of its own, and the quote is in the last one."""
    quote = ""
    if draft.answers is not None:
        author = draft.answers.author
        moment = _when(draft, "d MMMM y 'г'., 'в' HH:mm")
        by = f"{moment}, {author.name} <{author.address}> написал(а):"
        quote = parts.quoted(f"{by}\n\n\ufeff{draft.answers.text}")
    whole_text = (
        f"{quote}\n\n{draft.words}\n\n{draft.signature}\n" if draft.below else f"{draft.words}\n\n{draft.signature}\n\n{quote}\n"
    )
    *before, last = PICTURE.split(whole_text)
    inner = [
        _iphone_picture(draft, name_or_text) if odd else parts.text("plain", name_or_text, encoding="quoted-printable")
        for odd, name_or_text in [*((i % 2, each) for i, each in enumerate(before)), (0, last)]
    ]
    body = parts.tree("mixed", f"Apple-Mail-{str(uuid.UUID(draft.stamp[:32])).upper()}", *inner)
    ident = f"<{str(uuid.UUID(draft.stamp[32:])).upper()}@{draft.domain}>"
    return whole(head(draft, ident, "X-Mailer: iPhone Mail (22D72)"), body)


def _iphone_picture(draft: Draft, name: str) -> bytes:
    file = next(file for file in draft.files if file.name == name)
    headers = f"Content-Disposition: inline;\r\n filename={name}"
    return parts.leaf(f"{file.type};\r\n name={name};\r\n x-apple-part-url={draft.stamp[:12]}", content(file), headers)


# ── Gmail ──────────────────────────────────────────────────────────────────────────────────────────────────


def gmail(draft: Draft) -> bytes:
    """Text and HTML; the quote in a blockquote below "On Mon, Mar 3, 2025 at 2:05 PM … wrote:"."""
    plain = f"{draft.words}\n\n{draft.signature}\n"
    markup = _gmail_words(draft)
    if draft.answers is not None:
        author, moment = draft.answers.author, _when(draft, "EEE, MMM d, y 'at' h:mm\u202fa")
        plain += f"\n\nOn {moment} {author.name} <\n{author.address}> wrote:\n\n{parts.quoted(draft.answers.text)}\n"
        by = f'On {moment} {escape(author.name)} &lt;<a href="mailto:{author.address}">{author.address}</a>&gt; wrote:<br>'
        style = "margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"
        quote = f'<blockquote class="gmail_quote" style="{style}">{draft.answers.html_body}</blockquote>'
        markup += f'<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{by}</div>{quote}</div>'
    bodies = (parts.text("plain", plain), parts.text("html", markup + "\n", encoding="quoted-printable"))
    alternative = parts.tree("alternative", f"000000000000{draft.stamp[:16]}", *bodies)
    body = parts.tree("mixed", f"000000000000{draft.stamp[16:32]}", alternative, *map(_attachment, draft.attached))
    return whole(head(draft, f"<CA+{draft.stamp[:44]}@mail.{draft.domain}>"), body)


def _gmail_words(draft: Draft) -> str:
    words = _lines(draft.words, "<div><br></div>", lambda line: f"<div>{line}</div>")
    prefix, _, card = draft.signature.partition("\n")
    signature = escape(card).replace("\n", "<br>")
    return (
        f'<div dir="ltr">{words}<div><br></div><span class="gmail_signature_prefix">{prefix}</span><br>'
        f'<div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature"><div dir="ltr">{signature}</div></div></div>'
    )


# ── Thunderbird ────────────────────────────────────────────────────────────────────────────────────────────


def thunderbird(draft: Draft) -> bytes:
    """Plain text, flowed (RFC 3676), the answer below the quote."""
    lines = [draft.words, *([draft.signature] if draft.signature else [])]
    if draft.answers is not None:
        by = f"{_when(draft, 'dd.MM.y HH:mm')}, {draft.answers.author.name} пишет:"
        lines[:0] = [f"{by}\n{parts.quoted(draft.answers.text)}"]
    body = parts.text("plain", "\n\n".join(lines) + "\n", encoding="8bit", more="; format=flowed")
    agent = "User-Agent: Mozilla Thunderbird"
    return whole(
        head(draft, f"<{uuid.UUID(draft.stamp[:32])}@{draft.domain}>", agent, f"Content-Language: {draft.author.language}"), body
    )


# ── files ──────────────────────────────────────────────────────────────────────────────────────────────────


def _named(kind: str, name: str) -> str:
    return f'{kind};\r\n name="{parts.words(name, 8)}"'


def _attachment(file: File) -> bytes:
    disposition = f'Content-Disposition: attachment;\r\n filename="{parts.words(file.name, 12)}"'
    return parts.leaf(_named(file.type, file.name), content(file), disposition)


def _picture(file: File, content_id: str) -> bytes:
    disposition = f'Content-Disposition: inline;\r\n filename="{parts.words(file.name, 12)}"'
    return parts.leaf(_named(file.type, file.name), content(file), disposition, f"Content-ID: {content_id}")


def _returned(file: Part, number: int, content_id: str) -> bytes:
    name = f"image{number + 1:03}.jpg"
    disposition = f'Content-Disposition: inline;\r\n filename="{name}"'
    return parts.leaf(f'{file.type};\r\n name="{name}"', file.content, disposition, f"Content-ID: {content_id}")


WRITERS: dict[Client, Callable[[Draft], bytes]] = {
    "mail.ru": mail_ru,
    "outlook": outlook,
    "iphone": iphone,
    "gmail": gmail,
    "thunderbird": thunderbird,
}
