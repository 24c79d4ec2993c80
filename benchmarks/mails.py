"""The mails of the benchmark: an answer as Gmail sends it, new words above a quoted letter, each one different."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass

SIZE = 4096  # bytes of a mail without a file
WORDS = (
    *("pump", "valve", "pressure", "gauge", "leak", "seal", "bearing", "order", "serial", "number", "replaced", "tested"),
    *("again", "tomorrow", "morning", "engineer", "arrived", "site", "manager", "signed", "the", "and", "with", "after"),
    *("before", "we", "have", "not", "yet", "still", "please", "tell", "which", "part", "is", "needed", "for", "boiler"),
    *("room", "second", "floor", "it", "works", "now", "but", "noise", "remains", "at", "our", "technician", "will", "look"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail to send: `marker` stands in its text and must come out in every letter; `raw` has CRLF line ends."""

    marker: bytes
    raw: bytes


def mails(count: int, sender: str, to: str, *, file_size: int = 0, seed: int = 0) -> list[Sample]:
    """That many different mails from `sender` (`Name <address>`), each with a file of that many random bytes, if any."""
    return [_mail(f"Job-{seed}-{number:06}", sender, to, file_size) for number in range(count)]


def _mail(marker: str, sender: str, to: str, file_size: int) -> Sample:
    chance = random.Random(marker)
    head = _head(marker, sender, to)
    bare = len(_alternative(marker, to, []))
    words = chance.choices(WORDS, k=(SIZE - len("\r\n".join(head)) - bare) // 12)  # a word and its blank, in text and in HTML
    body = _alternative(marker, to, words)
    if file_size:
        body = _mixed(marker, body, chance.randbytes(file_size))
    return Sample(marker.encode(), "\r\n".join([*head, body]).encode())


def _head(marker: str, sender: str, to: str) -> list[str]:
    name = sender.partition("<")[2].rstrip(">")
    return [
        f"Received: from mail-wr1-f44.client.example ([198.51.100.44]) by mx.shop.example with ESMTPS id {marker};",
        " Mon, 23 Nov 2026 10:00:02 +0300",
        f"X-Gm-Message-State: AOJu0Yz{base64.b64encode(marker.encode() * 4).decode()}",
        "X-Received: by 2002:a05:6000:18a7:b0:382:3c7b:9ae5 with SMTP id ffacd0b85a97d; Mon, 23 Nov 2026 00:00:02 -0800 (PST)",
        "MIME-Version: 1.0",
        f"References: <first.{marker}@relay.example.com>",
        f"In-Reply-To: <first.{marker}@relay.example.com>",
        f"From: {sender}",
        "Date: Mon, 23 Nov 2026 10:00:01 +0300",
        f"Message-ID: <CAF{marker}=8Xk2w@mail.client.example>",
        "Subject: Re: [A-1] Pump on the second floor",
        f"To: North Service <{to}>",
        f"X-Original-Sender: {name}",
    ]


def _alternative(marker: str, to: str, words: list[str]) -> str:
    """The two readings of a body, beginning with its own Content-Type."""
    lines = [" ".join(words[start : start + 11]) for start in range(0, len(words), 11)]
    wrote = "On Mon, 23 Nov 2026 at 09:41, Ivan Petrov (North Service)"
    plain = [f"{marker}: hello Ivan,", "", *lines, "", "Best regards,", "Anna", "", f"{wrote} <", f"{to}> wrote:", ""]
    plain += ["> Good morning,", ">", "> the pump is on its way to you. Which floor was it?", ">", "> Ivan"]
    html = [f'<div dir="ltr"><div>{marker}: hello Ivan,</div><div><br></div><div>', *lines, "</div><div><br></div>"]
    html += ["<div>Best regards,</div><div>Anna</div></div><br>", '<div class="gmail_quote gmail_quote_container">']
    html += [f'<div dir="ltr" class="gmail_attr">{wrote} &lt;<a href="mailto:{to}">{to}</a>&gt; wrote:<br></div>']
    html += ['<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204)">']
    html += ["<p>Good morning,</p><p>the pump is on its way to you. Which floor was it?</p><p>Ivan</p></blockquote></div>"]
    boundary = f"0000000000{marker}a"
    return "\r\n".join(
        [
            f'Content-Type: multipart/alternative; boundary="{boundary}"',
            "",
            *[f"--{boundary}", 'Content-Type: text/plain; charset="UTF-8"', "", *plain, ""],
            *[f"--{boundary}", 'Content-Type: text/html; charset="UTF-8"', "", *html, ""],
            f"--{boundary}--",
            "",
        ]
    )


def _mixed(marker: str, alternative: str, content: bytes) -> str:
    boundary = f"0000000000{marker}m"
    coded = base64.b64encode(content).decode()
    return "\r\n".join(
        [
            f'Content-Type: multipart/mixed; boundary="{boundary}"',
            "",
            *[f"--{boundary}", alternative],
            f"--{boundary}",
            f'Content-Type: application/pdf; name="report-{marker}.pdf"',
            f'Content-Disposition: attachment; filename="report-{marker}.pdf"',
            "Content-Transfer-Encoding: base64",
            "",
            *[coded[start : start + 76] for start in range(0, len(coded), 76)],
            f"--{boundary}--",
            "",
        ]
    )
