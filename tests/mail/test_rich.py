"""The new part of a mail as HTML: what clients write keeps its structure, and nothing else comes through."""

from __future__ import annotations

import re
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay import address
from relay.mail.page import html, rich, structure
from relay.mail.reader import read, read_body
from relay.mail.text import reply
from relay.model import Mail


def made(source: str) -> str:
    return read_body(source, "html").html


def mail(source: str, plain: str | None = None, subject: str = "Re: Pump", **pictures: bytes) -> Mail:
    """A mail of that HTML, read."""
    message = EmailMessage()
    message["From"], message["Subject"], message["In-Reply-To"] = "ivan@north.example", subject, "<1@relay.example>"
    if plain is None:
        message.set_content(source, subtype="html")
    else:
        message.set_content(plain)
        message.add_alternative(source, subtype="html")
    for name, content in pictures.items():
        part = message.get_body(("html",))
        assert part is not None
        part.add_related(content, "image", "png", cid=f"<{name}>", filename=f"{name}.png")
    return read(message.as_bytes())


def starts(fragment: str) -> list[tuple[str, dict[str, str | None]]]:
    """Start tags with their attributes, as a browser would read them."""
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

        def handle_comment(self, data: str) -> None:
            raise AssertionError(data)

    Reader().feed(fragment)
    return found


# ── what clients write ─────────────────────────────────────────────────────────────────────────────────────

GMAIL = """<div dir="ltr"><div>#accept</div>Hello <b>Anna</b>,<div><br></div><div>see the
<a href="https://a.example/manual">manual</a>:</div><div><ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul><ol><li>first</li>
<li>second</li></ol></div><table border="1"><tbody><tr><th>Part</th><th style="text-align:right">Price</th></tr>
<tr><td>Pump</td><td>100</td></tr></tbody></table><div><img src="cid:ii_1" alt="image.png" width="300"><br></div></div><br>
<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Sun, Mar 1, 2026 at 12:00 PM Anna
&lt;<a href="mailto:a@shop.example">a@shop.example</a>&gt; wrote:<br></div>
<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex"><b>old</b> text</blockquote></div>"""

OUTLOOK = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0}</style></head>
<body lang="RU"><div class="WordSection1"><p class="MsoNormal">Hi Anna,<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>
<p class="MsoNormal">The <b>parts</b> and <span style="font-weight:bold;color:red">more</span>:<o:p></o:p></p>
<table class="MsoTableGrid" border="1" style="border-collapse:collapse"><tbody><tr style="height:1pt"><td width="300"
style="width:100pt"><p class="MsoNormal"><b>Part<o:p></o:p></b></p></td><td><p class="MsoNormal">Qty<o:p></o:p></p>
</td></tr><tr><td><p class="MsoNormal">A pump with a description so long that the layout does not align it, for it has more than
a hundred and twenty characters in one cell<o:p></o:p></p></td><td><p class="MsoNormal">2<o:p></o:p></p></td></tr></tbody></table>
<p class="MsoNormal">#close<o:p></o:p></p><p class="MsoNormal">Best regards,<br>Ivan Petrov<br>+7 495 123-45-67<o:p></o:p></p>
<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>From:</b> Anna
&lt;a@shop.example&gt;<br><b>Sent:</b> Monday, March 2, 2026<br><b>To:</b> Ivan<br><b>Subject:</b> Pump<o:p></o:p></p></div>
</div><p class="MsoNormal"><b>Old</b> text<o:p></o:p></p></div></body></html>"""

APPLE = """<html><body style="overflow-wrap: break-word;">Inline:<div><blockquote type="cite"><div>old one?
</div></blockquote><div><b>Yes</b>, ring <a href="tel:+74951234567">+7 495 123-45-67</a> or write to
<a href="mailto:i@x.example?subject=z">i@x.example</a></div><blockquote type="cite"><div>old two?</div></blockquote><div>
<ul class="MailOutline"><li>no</li></ul></div></div></body></html>"""

MAIL_RU = """<HTML><BODY><div>Добрый день!</div><div>&nbsp;</div><div><strong>Важно</strong>: <em>насос</em> <s>стоит</s></div>
<ol><li>Первое</li><li>Второе</li></ol><div>&nbsp;</div><div>--<br>Иван</div><blockquote style="border-left:1px solid #0857A6">
Понедельник, 2 марта 2026, 12:00 +03:00 от Anna &lt;a@shop.example&gt;:<br><div><b>old</b></div></blockquote></BODY></HTML>"""

YANDEX = """<div>Смотрите:</div><div><table><tbody><tr><td>Насос</td><td>1</td></tr><tr><td>Клапан</td>
<td>2</td></tr></tbody></table></div><div> </div><div>02.03.2026, 12:00, "Anna" &lt;a@shop.example&gt;:</div>
<blockquote><p><b>old</b></p></blockquote>"""


def test_gmail() -> None:
    found = mail(GMAIL, ii_1=b"\x89PNG")
    assert found.html == (
        "<div>Hello <b>Anna</b>,<div><br></div><div>see the\n"
        '<a href="https://a.example/manual">manual</a>:</div><div><ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul>'
        "<ol><li>first</li>\n<li>second</li></ol></div><table><tbody><tr><th>Part</th>"
        '<th align="right">Price</th></tr>\n<tr><td>Pump</td><td>100</td></tr></tbody></table><div><img src="cid:p1"></div></div>'
    )
    assert [command.word for command in found.commands] == ["accept"] and "manual <https://a.example/manual>:" in found.text
    assert [file.content_id for file in found.attachments] == ["p1"]


def test_outlook() -> None:
    fragment = mail(OUTLOOK).html
    assert "<div>Hi Anna,</div><div><br></div>\n<div>The <b>parts</b> and <b>more</b>:</div>" in fragment
    assert fragment.count("<tr>") == 2 and fragment.count("<td>") == 4 and "one cell" in fragment
    for gone in ("Old", "From", "regards", "Petrov", "#close", "Mso", "style", "o:p"):
        assert gone not in fragment


def test_apple_mail_with_the_answers_between_the_questions() -> None:
    fragment = mail(APPLE).html
    assert re.sub(r"\s+", " ", fragment).replace("> <", "><") == (
        '<div>Inline:<div><div><b>Yes</b>, ring <a href="tel:+74951234567">+7 495 123-45-67</a> or write to '
        '<a href="mailto:i@x.example">i@x.example</a></div><ul><li>no</li></ul></div></div>'
    )


def test_mail_ru_and_yandex() -> None:
    fragment = mail(MAIL_RU).html
    assert "<b>Важно</b>: <i>насос</i> <s>стоит</s>" in fragment and "<ol><li>Первое</li><li>Второе</li></ol>" in fragment
    assert "old" not in fragment and "Anna" not in fragment and "Иван" not in fragment
    fragment = mail(YANDEX).html
    assert fragment.count("<td>") == 4 and "old" not in fragment and "Anna" not in fragment


@pytest.mark.parametrize(
    ("plain", "structured"),
    [
        ("Hello *Anna*,\n\nsee the manual <https://a.example/manual>:\n\n   - one\n   - two\n", True),
        ("Hello Anna,\nsee the manual <https://a.example/manual>:\n* one\n* two\n", True),
        ("Hello Anna,\nsee the other manual <https://a.example/manual>:\n* one\n* two\n", False),
        ("Hello Anna,\nsee the manual <https://a.example/manual>:\n* one\n", False),
    ],
)
def test_the_plain_reading_keeps_the_structure_of_an_html_that_says_the_same(plain: str, structured: bool) -> None:
    source = '<p>Hello <b>Anna</b>,</p><p>see the <a href="https://a.example/manual">manual</a>:</p><ul><li>one<li>two</ul>'
    found = mail(source, plain)
    assert found.text == plain.strip() and bool(found.html) == structured
    assert not structured or "<li>one</li><li>two</li>" in found.html


def test_mail_sent_on_keeps_its_structure() -> None:
    source = """<div>Look:</div><div>---------- Forwarded message ---------<br>From: <b>Victor</b> &lt;v@vendor.example&gt;<br>
    Date: Sun, Mar 1, 2026<br>Subject: Parts<br>To: Ivan</div><table><tr><td>Pump</td><td>1</td></tr></table>"""
    assert "<table><tbody><tr><td>Pump</td><td>1</td></tr></tbody></table>" in mail(source, subject="Fwd: Parts").html


def test_nothing_is_kept_that_the_plain_text_says_as_well() -> None:
    assert made("<div>Hello,</div><div><br></div><p style='color:red'>see https://a.example/x</p>") == ""
    assert made('<div><a href="https://a.example/x">https://a.example/x</a></div>') == ""
    assert mail('<p>See <img src="cid:one"></p>', one=b"\x89PNG").html == ""


def test_of_several_bodies_there_is_plain_text_only() -> None:
    raw = (
        "From: ivan@north.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/html\r\n\r\n<b>One</b>\r\n--b\r\nContent-Type: text/html\r\n\r\n{}\r\n--b--\r\n"
    )
    assert read(raw.format("<i>Two</i>").encode()).html == ""
    assert read(raw.format("<html><body><br></body></html>").encode()).html == "<div><b>One</b></div>"


@pytest.mark.parametrize("hidden", ["t-{}@relay.example", "N-{}", "b-{}@relay.example"])
def test_a_mail_with_an_address_of_the_relay_is_plain_text_only(hidden: str) -> None:
    written = hidden.format("a2" * 13)
    assert address.mentions(written)
    assert made(f"<b>x</b> {written}") == made(f'<b>x</b> <a href="https://x.example/?{written}">here</a>') == ""
    assert made(f'<b title="{written}">x</b>') == "<div><b>x</b></div>"


# ── pieces ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("source", "fragment"),
    [
        ('<ol start="5"><li>a<li>b</ol>', '<ol start="5"><li>a</li><li>b</li></ol>'),
        ("<h1>T</h1><pre>a  b\n  c</pre>", "<div><h1>T</h1><pre>a  b\n  c</pre></div>"),
        ("<p>a<hr><b>b</b>", "<div><p>a</p><hr><b>b</b></div>"),
        ('<b style="font-weight:normal">Docs</b> <span style="font-style: italic">x</span>', "<div>Docs <i>x</i></div>"),
        ('<p style="white-space:pre-wrap"><b>a</b>  b\n c</p>', "<p><b>a</b>&nbsp; b<br>&nbsp;c</p>"),
        ('<blockquote style="margin:0 0 0 40px;border:none"><b>in</b></blockquote>', "<blockquote><b>in</b></blockquote>"),
        ("<table><tr><td colspan=2 rowspan=9999>a<td align=CENTER>b</table>", '<td colspan="2">a</td><td align="center">b</td>'),
        ('<table role="presentation"><tr><td>a<td><b>b</b></table>', "<div><div>a</div><div><b>b</b></div></div>"),
        ("<table><tr><td><table><tr><td>a<td>b</table></table>", "<table><tbody><tr><td>a</td><td>b</td></tr></tbody></table>"),
        ("<b><div>x</div></b>", "<div><b><div>x</div></b></div>"),
        ("<q>x</q> <sup>2</sup>", '<div>"x" <sup>2</sup></div>'),
        ("<b>x</b>" + "<div><br></div>" * 9 + "<div>y</div><br><br>", "<div><b>x</b><div><br></div><div>y</div></div>"),
        ("see https://a.example/x, <b>y</b>", '<div>see <a href="https://a.example/x">https://a.example/x</a>, <b>y</b></div>'),
    ],
)
def test_structure(source: str, fragment: str) -> None:
    assert fragment in made(source)


def test_a_list_that_begins_later_does_in_the_text_too() -> None:
    assert html.text('<ol start="5"><li>a<li>b</ol>').split() == ["5.", "a", "6.", "b"]
    assert html.text("<dl><dt>Term<dd>What it is</dl>").split("\n") == ["Term", "    What it is"]


@pytest.mark.parametrize(
    ("link", "fragment"),
    [
        ("<a href='https://evil.example'>https://bank.example</a>", 'https://bank.example &lt;<a href="https://evil.example">'),
        ("<a href='https://bank.example@evil.example'>bank.example</a>", 'bank.example &lt;<a href="https://bank.example@evil'),
        (
            "<a href='https://scan.example/?u=https%3A%2F%2Fa.example%2Fx'>https://a.example/x</a>",
            '<a href="https://a.example/x">h',
        ),
        ("<a href='https://a.example/x?utm=1'>a.example/x</a>", '<a href="https://a.example/x?utm=1">a.example/x</a>'),
        ("<a href='mailto:i@x.example'>Ivan</a>", "<div>Ivan<b>"),
        ("<a href='tel:112'>ring us</a>", "<div>ring us<b>"),
    ],
)
def test_words_of_a_link_say_where_it_leads(link: str, fragment: str) -> None:
    assert fragment in made(f"{link}<b>.</b>x")


# ── attacks ────────────────────────────────────────────────────────────────────────────────────────────────

ATTACKS = [
    "<script>alert(1)</script>",
    "<b onmouseover=alert(1) onclick='x' title=\"<script>\" class=c id=i>y</b>",
    '<a href="javascript:alert(1)">y</a>',
    '<a href=" java\nscript:alert(1)">y</a>',
    '<a href="&#106;avascript:alert(1)">y</a>',
    '<a href="data:text/html,<script>1</script>">y</a>',
    '<a href="vbscript:x">y</a><a href="file:///etc/passwd">y</a><a href="//e.example">y</a><a href="cid:p1">y</a>',
    '<div style="position:fixed;top:0;width:100%;height:100%;background:url(http://e.example/x)">y</div>',
    '<div style="width:expression(alert(1));behavior:url(x)">y</div>',
    "<svg onload=alert(1)><style><img src=x onerror=alert(1)></style><a xlink:href='javascript:1'>y</a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'></table></math>",
    '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    "<meta http-equiv=refresh content='0;url=http://e.example'><base href='http://e.example/'><link rel=stylesheet href=x>",
    "<form action=http://e.example><input name=p value=y><button formaction=x>Go</button></form>",
    "<iframe src=http://e.example></iframe><object data=x></object><embed src=x><applet code=x></applet><video src=x></video>",
    "<style>@import url(http://e.example/x.css); b {position: fixed}</style>",
    '<img srcset="http://e.example/x 2x" src="http://e.example/y" alt="y" onerror=alert(1)><picture><source srcset=x></picture>',
    '<img src="cid:unknown"><img src="data:image/png;base64,AAAA"><img src="cid:p1&quot; onerror=&quot;x">',
    '<table background="http://e.example/b"><tr><td background="http://e.example/b" onclick=x>a<td>y</table>',
    "y<!-- unclosed",
    "y<!--><img src=x onerror=alert(1)>-->",
    "<!--[if gte mso 9]><b>y</b><script>1</script><![endif]-->",
    "<![CDATA[<script>1</script>]]>",
    "<xmp><script>1</script></xmp><listing><script>1</script></listing>",
    "<plaintext><script>1</script>",
    "<textarea></textarea><script>1</script><textarea><img src=x onerror=1>",
    "<select><template><img src=x onerror=1></template></select>",
    '<a href="https://e.example/\u202egnp.exe" title="\u202e">y</a>',
    '<a href="https://e.example/&quot;onclick=x">y</a>',
    "<b was-tag=script was-data was-style='font-weight:bold'>y</b><div was-tag=table was-data>y</div>",
    "\ue0021\ue003\ue0000\ue001<b>y</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;<b>y</b>",
    "[cid:p1]&quot;&gt;<b>y</b>",
    "<div>" * 300 + "y",
    "<table><tr><td>" * 90 + "y",
    "<b>" * 5000 + "y",
    "<a href=https://a.example><table><tr><td>y</table>",
    "<td>y</td><li>z<body onload=x><html onclick=y>",
]  # fmt: skip

TAGS = sorted(structure.TAGS | {"script", "style", "svg", "math", "font", "span", "form", "img", "q", "center", "o:p", "title"})
WORDS = st.text(st.sampled_from("ab я1#>*.-_:/<&\"'[] \n\xa0\u202e\xad"), max_size=12)
SAID = st.sampled_from(
    ["#accept", "-- ", "On Monday, Ivan <i@x.example> wrote:", "> old", "https://a.example/x", "[cid:p1]", "From: x"]
)
PLAIN = st.one_of(WORDS, SAID).map(lambda words: words.replace("&", "&amp;").replace("<", "&lt;"))
ATTRIBUTE = st.builds(
    "{}='{}'".format,
    st.sampled_from(["href", "src", "style", "class", "title", "onclick", "start", "colspan", "align", "was-tag", "was-data"]),
    st.sampled_from(
        [
            "javascript:x", "https://a.example/y", "mailto:i@x.example", "cid:one", "cid:p1", "font-weight:bold", "display:none",
            "white-space:pre", "margin:0", "gmail_quote", "MsoNormal", "3", "right", "table",
        ]
    ),
)  # fmt: skip
TREE = st.recursive(
    PLAIN,
    lambda inner: st.builds(
        lambda tag, attributes, children, closed: (
            f"<{tag} {' '.join(attributes)}>{''.join(children)}{f'</{tag}>' if closed else ''}"
        ),
        st.sampled_from(TAGS),
        st.lists(ATTRIBUTE, max_size=2),
        st.lists(inner, max_size=4),
        st.booleans(),
    ),
    max_leaves=20,
)


def is_safe(fragment: str) -> bool:
    """Only what is allowed, in any reader's eyes."""
    for tag, attributes in starts(fragment):
        assert tag in structure.TAGS, fragment
        assert attributes.keys() <= structure.ATTRIBUTES.get(tag, set()), fragment
        assert re.fullmatch(r"(?:https?://|mailto:|tel:)[^\s\u202e]+", attributes.get("href") or "tel:1", re.IGNORECASE), fragment
        assert tag != "img" or re.fullmatch(r"cid:p\d+", attributes.get("src") or "cid:p1"), fragment
    return True


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("around", ["{}<b>x</b>", "<b>x</b>{}", "<ul><li>{}<li>x</ul>", "<table><tr><td>{}<td>x</table>"])
def test_attacks_come_to_nothing(attack: str, around: str) -> None:
    source = around.format(attack)
    fragment = rich.fragment(source, reply.split(html.text(source, {"p1": "p1"})).text, {"p1": "p1"})
    assert is_safe(fragment)
    assert structure.sanitised(fragment) == fragment
    assert is_safe(structure.sanitised(source)), "what nh3 alone lets through"


@settings(max_examples=300, deadline=None)
@given(TREE)
@example("<a >1<s >On Monday…")
@example("<b>\xadx\xad</b>\x0by")
@example("<ul><li>#accept<li><b>x</b></ul>")
@example("<p>a</p><blockquote>b</blockquote><p>#accept</p><p><b>c</b></p>")
def test_the_html_says_what_the_text_says_or_there_is_none(source: str) -> None:
    text = read_body(source, "html")
    assert is_safe(text.html)
    if text.html:
        assert rich.words(visible(text.html)) == rich.words(text.text)


def visible(fragment: str) -> str:
    """What a browser shows of it, blocks and cells apart."""
    shown: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            shown.append(data)

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            blocks = {"p", "div", "li", "td", "th", "tr", "br", "hr", "table", "pre", "blockquote", "ul", "ol"}
            shown.append("\n" if tag in blocks or re.fullmatch(r"h\d", tag) else "")

        def handle_endtag(self, tag: str) -> None:
            self.handle_starttag(tag, [])

    Reader().feed(fragment)
    return "".join(shown)


def test_many_pieces_and_large_bodies_are_plain_text_only() -> None:
    assert made("<b>x</b> " * (rich.PIECES + 1)) == ""
    assert made("<p>" + "words " * 50_000 + "<b>x</b>") == ""
    assert made("<b>x</b><!--" + "x" * rich.LARGEST + "-->") == ""
