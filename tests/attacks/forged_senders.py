"""Forgeries by From: two authors, hidden ones, look-alikes, and other fields that say who. All with a whole signature of the
forger's own, so that whoever takes the one for the other believes it.
"""

from __future__ import annotations

from tests.attacks.forging import forgery, variants
from tests.attacks.keys import key
from tests.attacks.signer import SIGNED, sign
from tests.attacks.world import FORGER, Attack, Case
from tests.attacks.zones import EVIL, HOMOGLYPH

_TWO = {
    "his first": "{who}, {forger}",
    "the forger first": "{forger}, {who}",
    "a semicolon between": "{who}; {forger}",
    "two in angles": "<{who}> <{forger}>",
    "one in the other's angles": "<<{who}>{forger}>",
    "a group": "Friends: {who};",
    "a group of the forger": "{who}: {forger};",
    "an empty group": "undisclosed-recipients:;",
    "two angles and a name": "Somebody <{who}> Mallory <{forger}>",
    "a comma in the angles": "<{who},{forger}>",
}


@variants("From with", _TWO, "broken")
def _two(case: Case, value: str) -> bytes:
    return case.seeming(value.format(who=case.author, forger=FORGER))


_BROKEN = {
    "no address": "Somebody",
    "nothing": "",
    "an empty address": "<>",
    "two at signs": "<{who}@evil.example>",
    "two at signs turned": "<mallory@evil.example@{domain}>",
    "a source route": "<@evil.example:{who}>",
    "a NUL after it": "{who}\0.evil.example",
    "a NUL in it": "{local}\0@{domain}",
    "an encoded word for the address": "=?utf-8?q?{local}=40{domain}?=",
    "an encoded word in the angles": "<=?utf-8?q?{local}=40{domain}?=>",
    "an encoded local part": "=?utf-8?q?{local}?=@{domain}",
    "a zero width space": "{local}@{domain}\u200b",
    "a zero width joiner inside": "{local}@\u200d{domain}",
    "a soft hyphen": "{local}@\u00ad{domain}",
    "a fullwidth dot": "{local}@{fullwidth}",
    "an override of direction": "\u202e{who}\u202c",
    "no at sign": "<{local}>",
    "a space in it": "<{local} @ {domain} >x",
}


@variants("From with", _BROKEN, "broken", "unproven", "stranger")
def _broken(case: Case, value: str) -> bytes:
    local, _, domain = case.author.partition("@")
    return case.seeming(value.format(who=case.author, local=local, domain=domain, fullwidth=domain.replace(".", "\uff0e")))


_NAMES = {
    "is his address": '"{who}" <{forger}>',
    "is his address unquoted": "{who} <{forger}>",
    "is his address encoded": "=?utf-8?q?{local}=40{domain}?= <{forger}>",
    "ends his angles": "=?utf-8?q?Somebody_=3C{local}=40{domain}=3E?= <{forger}>",
    "ends in a NUL": "=?utf-8?q?{local}=40{domain}=00?= <{forger}>",
    "breaks the line": "=?utf-8?q?Somebody=0D=0AFrom:_{local}=40{domain}?= <{forger}>",
    "has quoted angles": '"Somebody <{who}>" <{forger}>',
    "has escaped quotes": '"\\"{who}\\" " <{forger}>',
    "is far to the left": '"{who}                                                            " <{forger}>',
}


@variants("name that", _NAMES, "stranger", "broken")
def _named(case: Case, value: str) -> bytes:
    local, _, domain = case.author.partition("@")
    return case.seeming(value.format(who=case.author, forger=FORGER, local=local, domain=domain))


_COMMENTS = {
    "before": "({who}) {forger}",
    "after": "{forger} ({who})",
    "with angles": "(<{who}>) <{forger}>",
    "nested": "{forger} (a (b <{who}>) c)",
    "never closed": "{forger} ({who}",
    "in the address": "mallory(@north.example)@evil.example",
    "with an escape": "(\\) {who} <{forger}>) {forger}",
}


@variants("comment", _COMMENTS, "stranger", "broken")
def _comment(case: Case, value: str) -> bytes:
    return case.seeming(value.format(who=case.author, forger=FORGER))


@forgery("unproven", "broken")
def comment_that_hides_the_forgers_domain(case: Case) -> bytes:
    local, _, domain = case.author.partition("@")
    return case.seeming(f"{local}(@{EVIL})@{domain}")


_LOCALS = {
    "that is his address": '"{who}"@evil.example',
    "with an angle": '"{who}>"@evil.example',
    "with a quoted pair": '"\\{who}"@evil.example',
    "with his domain after a percent": "{percent}@evil.example",
    "with his host before a bang": "{domain}!mallory@evil.example",
}


@variants("local part", _LOCALS, "stranger", "broken")
def _local(case: Case, value: str) -> bytes:
    domain = case.author.partition("@")[2]
    return case.seeming(value.format(who=case.author, domain=domain, percent=case.author.replace("@", "%")))


@variants("look-alike", {"as it looks": "n\u043erth.example", "as it is": HOMOGLYPH}, "stranger", "broken", victim="north")
def _look_alike(case: Case, domain: str) -> bytes:
    return case.seeming(f"ivan@{domain}", HOMOGLYPH)


@variants(
    "letter that becomes another in lower case",
    {"in the name": "\u212aira@dkim.example", "in the domain": "kira@d\u212aim.example"},
    "broken",
    "unproven",
    "stranger",
    victim="keyed",
)
def _kelvin(case: Case, author: str) -> bytes:
    return case.seeming(author)


@forgery("stranger", victim="north")
def domain_that_his_begins(case: Case) -> bytes:
    return case.seeming("ivan@north.example.evil.example", "north.example.evil.example")


@forgery("stranger", victim="north")
def domain_below_his(case: Case) -> bytes:
    return case.seeming("ivan@sub.north.example", "sub.north.example")


@forgery("stranger", victim="north")
def domain_that_ends_like_his(case: Case) -> bytes:
    return case.seeming("ivan@evilnorth.example", "evilnorth.example")


# ── two From fields, and fields that only some parsers see ─────────────────────────────────────────────────


def _with(case: Case, above: str = "", below: str = "", sender: str = FORGER) -> bytes:
    """The forger's own mail with more lines in its header, all signed."""
    draft = case.draft.having(From=sender)
    head, _, body = draft.raw.partition(b"\r\n\r\n")
    raw = above.encode("utf-8", "surrogateescape") + head + b"\r\n" + below.encode() + b"\r\n" + body
    return sign(raw, key(EVIL), EVIL, names=(*SIGNED, "From"))


_FIELDS = {
    "above": "From: {who}\r\n",
    "in capitals": "FROM: {who}\r\n",
    "with a blank before the colon": "From : {who}\r\n",
    "with a tab before the colon": "From\t: {who}\r\n",
    "after a line that is no field": "This is no field\r\nFrom: {who}\r\n",
    "after an empty name": ": x\r\nFrom: {who}\r\n",
}


@variants("second From", _FIELDS, "broken")
def _second(case: Case, above: str) -> bytes:
    return _with(case, above.format(who=case.author))


@variants("second From below", {"plain": "From: {who}\r\n", "after no field": "nonsense\r\nFrom: {who}\r\n"}, "broken")
def _second_below(case: Case, below: str) -> bytes:
    return _with(case, below=below.format(who=case.author))


_TRICKS = {
    "an mbox line": "From {who} Mon Nov 23 10:00:00 2026\r\n",
    "an escaped mbox line": ">From {who} Mon Nov 23 10:00:00 2026\r\n",
    "a folded field before": "X-A: b\r\n From: {who}\r\n",
    "a name of other letters": "Fr\u043em: {who}\r\n",
    "a name with a blank in it": "Fr om: {who}\r\n",
    "a name with a NUL": "From\0: {who}\r\n",
    "a leading blank": " From: {who}\r\n",
    "Sender": "Sender: {who}\r\n",
    "Reply-To": "Reply-To: {who}\r\n",
    "Resent-From": "Resent-From: {who}\r\n",
    "X-Original-From": "X-Original-From: {who}\r\n",
    "Apparently-From": "Apparently-From: {who}\r\n",
}


@variants("header with", _TRICKS, "stranger", "broken")
def _trick(case: Case, above: str) -> bytes:
    return _with(case, above.format(who=case.author))


@forgery("stranger", "broken")
def from_folded_over_an_empty_line(case: Case) -> bytes:
    return _with(case, sender=f"{FORGER}\r\n \r\n {case.author}")


@forgery("broken")
def from_folded_with_the_second_on_its_own_line(case: Case) -> bytes:
    return _with(case, sender=f"{FORGER},\r\n {case.author}")


@forgery("broken")
def no_from_but_a_sender(case: Case) -> bytes:
    return sign(case.draft.without("From").having(Sender=case.author).raw, key(EVIL), EVIL)


@forgery("broken")
def bare_line_feed_before_a_second_from(case: Case) -> bytes:
    return _with(case, f"X-A: b\nFrom: {case.author}\r\n")


@forgery("broken")
def bare_carriage_return_in_from(case: Case) -> bytes:
    return _with(case, sender=f"{FORGER}\r {case.author}")


@forgery("stranger")
def envelope_of_the_author_and_from_of_the_forger(case: Case) -> Attack:
    return Attack(case.seeming(FORGER), case.author, case.domain)
