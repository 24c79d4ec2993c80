"""Forgeries by signature: somebody else's, a weak one, one that covers too little, one that was made for another mail."""

from __future__ import annotations

import time

from tests.attacks.forging import forgery, variants
from tests.attacks.keys import key
from tests.attacks.signer import SIGNED, sign
from tests.attacks.world import FORGER, Attack, Case
from tests.attacks.zones import EVIL


def true(case: Case, raw: bytes, **more: object) -> bytes:
    """With the author's own, true signature."""
    return sign(raw, key(case.domain), case.domain, **more)  # type: ignore[arg-type]


def foreign(raw: bytes) -> bytes:
    """With a signature of the forger's domain, which is whole."""
    return sign(raw, key(EVIL), EVIL)


def less(name: str) -> list[str]:
    """What is signed usually, but for that field."""
    return [each for each in SIGNED if each != name]


def spoiled(raw: bytes) -> bytes:
    """With another body than the one that was signed."""
    return raw + b"One more line.\r\n"


# ── none, or somebody else's ───────────────────────────────────────────────────────────────────────────────


@forgery("unproven")
def unsigned_with_the_authors_return_path(case: Case) -> Attack:
    return Attack(case.draft.raw, case.author, case.domain)


@forgery("unproven")
def unsigned_with_the_forgers_return_path(case: Case) -> bytes:
    return case.draft.raw


@forgery("unproven")
def unsigned_with_the_null_return_path(case: Case) -> Attack:
    return Attack(case.draft.raw, "", EVIL)


@forgery("unproven")
def foreign_signature(case: Case) -> bytes:
    return foreign(case.draft.raw)


@forgery("unproven")
def foreign_signature_first_and_a_spoiled_one(case: Case) -> bytes:
    return foreign(spoiled(case.signed()))


@forgery("unproven")
def foreign_signature_second_after_a_spoiled_one(case: Case) -> bytes:
    signed = foreign(case.draft.raw)
    broken = true(case, case.draft.having(Subject="Another").raw)
    return broken[: broken.index(b"\r\nFrom:") + 2] + signed


@forgery("unproven")
def foreign_key_under_the_authors_domain(case: Case) -> bytes:
    return sign(case.draft.raw, key(EVIL), case.domain)


@forgery("unproven")
def foreign_signature_with_the_author_as_its_identity(case: Case) -> bytes:
    return sign(case.draft.raw, key(EVIL), EVIL, tags=f"i={case.author}; ")


@forgery("unproven")
def foreign_domain_that_ends_like_the_authors(case: Case) -> bytes:
    return sign(case.draft.raw, key("evilnorth.example"), "evilnorth.example")


@forgery("unproven")
def foreign_domain_that_begins_like_the_authors(case: Case) -> bytes:
    name = "north.example.evil.example"
    return sign(case.draft.raw, key(name), name)


@forgery("unproven")
def signature_of_the_top_level_domain(case: Case) -> bytes:
    return sign(case.draft.raw, key("example"), "example")


@forgery("unproven")
def domain_said_twice_in_one_signature(case: Case) -> bytes:
    return sign(case.draft.raw, key(EVIL), EVIL, tags=f"d={case.domain}; ")


@forgery("unproven")
def selector_that_leads_into_the_forgers_zone(case: Case) -> bytes:
    return sign(case.draft.raw, key(EVIL), case.domain, f"s1._domainkey.{EVIL}.")


@forgery("unproven")
def two_hundred_signatures(case: Case) -> bytes:
    one = foreign(case.draft.raw)
    return one[: one.index(b"\r\nFrom:") + 2] * 200 + case.draft.raw


@forgery("unproven")
def the_good_signature_is_of_another_mail_of_the_forger(case: Case) -> bytes:
    """Signed by the forger for himself, with the author put over it afterwards."""
    own = sign(case.draft.having(From=FORGER).raw, key(EVIL), EVIL)
    return own.replace(f"From: {FORGER}".encode(), f"From: {case.author}".encode())


# ── weak ones, by the author's own keys ────────────────────────────────────────────────────────────────────


@forgery("unproven")
def sha1(case: Case) -> bytes:
    return true(case, case.draft.raw, hashed="sha1")


@variants("key", {"of 512 bits": "512", "of 768 bits": "768"}, "unproven", victim="north")
def _weak(case: Case, bits: str) -> bytes:
    return sign(case.draft.raw, key(case.domain, int(bits)), case.domain, f"k{bits}")


_KEYS = {
    "that was revoked": "revoked",
    "for sha1 alone": "sha1",
    "for another service": "tlsrpt",
    "that is not there": "nothing",
}


@variants("key", _KEYS, "unproven", victim="north")
def _unfit(case: Case, selector: str) -> bytes:
    return true(case, case.draft.raw, selector=selector)


@forgery("unproven", "later", victim="north")
def key_whose_name_leads_in_a_circle(case: Case) -> bytes:
    return true(case, case.draft.raw, selector="round0")


@variants("forger's key", {"beside": "twice", "before": "twiceback", "of no version": "dkim2"}, "unproven", victim="north")
def _beside(case: Case, selector: str) -> bytes:
    return sign(case.draft.raw, key(EVIL), case.domain, selector)


@forgery("unproven", victim="north")
def key_for_the_exact_domain_used_for_one_below(case: Case) -> bytes:
    return true(case, case.draft.raw, selector="exact", tags=f"i=@below.{case.domain}; ")


@forgery("unproven")
def expired_signature(case: Case) -> bytes:
    return true(case, case.draft.raw, tags="t=1700000000; x=1700086400; ")


@forgery("unproven")
def signature_of_last_month(case: Case) -> bytes:
    """Nobody's server tries that long: it is a copy."""
    return true(case, case.draft.raw, tags=f"t={int(time.time()) - 30 * 86_400}; ")


@forgery("unproven")
def signature_that_expires_before_it_is_made(case: Case) -> bytes:
    return true(case, case.draft.raw, tags="t=4000000000; x=3999999999; ")


@forgery("unproven")
def signature_of_the_future(case: Case) -> bytes:
    return true(case, case.draft.raw, tags="t=4000000000; ")


@forgery("unproven")
def signature_of_no_version(case: Case) -> bytes:
    return true(case, case.draft.raw, version="")


# ── covering too little ────────────────────────────────────────────────────────────────────────────────────


@forgery("unproven")
def body_appended_beyond_l(case: Case) -> bytes:
    length = len(case.draft.body) - len(f"Said {case.word} here.\r\n")
    return true(case, case.draft.raw, length=length, canon="simple/simple")


@forgery("unproven")
def no_body_covered_by_l(case: Case) -> bytes:
    return true(case, case.draft.raw, length=0)


@forgery("unproven")
def from_not_covered(case: Case) -> bytes:
    signed = true(case, case.draft.having(From=FORGER).raw, names=less("From"))
    return signed.replace(FORGER.encode(), case.author.encode())


@forgery("unproven")
def subject_not_covered(case: Case) -> bytes:
    return true(case, case.draft.raw, names=less("Subject"))


@forgery("unproven", "held")
def to_not_covered(case: Case) -> bytes:
    """What he wrote to somebody else, with another To put into it."""
    friend = "friend@elsewhere.example"
    return true(case, case.draft.having(To=friend).raw, names=less("To")).replace(
        f"To: {friend}".encode(), f"To: {case.to}".encode()
    )


@forgery("unproven")
def content_type_added(case: Case) -> bytes:
    """The author has sent plain text without a Content-Type; put above, one makes another mail of the same body."""
    plain = case.draft.without("Content-Type")
    return b"Content-Type: text/html\r\n" + true(case, plain.raw, names=less("Content-Type"))


@forgery("unproven")
def multipart_put_around(case: Case) -> bytes:
    """A boundary chosen so that what the author has quoted becomes what he says."""
    body = f"No, I never said this:\r\n--cut\r\n\r\n{case.draft.body}--cut--\r\n"
    signed = sign_body(case, body)
    return signed.replace(b"Content-Type: text/plain; charset=utf-8", b'Content-Type: multipart/mixed; boundary="cut"')


def sign_body(case: Case, body: str) -> bytes:
    draft = case.draft
    return true(case, type(draft)(draft.fields, body).raw, names=less("Content-Type"))


@forgery("unproven")
def transfer_encoding_added(case: Case) -> bytes:
    plain = case.draft.without("Content-Transfer-Encoding")
    signed = true(case, type(plain)(plain.fields, "=23resolved\r\n" + plain.body).raw, names=less("Content-Transfer-Encoding"))
    return b"Content-Transfer-Encoding: quoted-printable\r\n" + signed


@forgery("unproven")
def transfer_encoding_taken_away(case: Case) -> bytes:
    """What was one long line, folded softly, becomes two, of which the second is a command."""
    body = "Please do not mark it as =\r\n#resolved\r\n" + case.draft.body.replace("#", "=23")
    draft = case.draft.having(Content_Transfer_Encoding="quoted-printable")
    signed = true(case, type(draft)(draft.fields, body).raw, names=less("Content-Transfer-Encoding"))
    return signed.replace(b"Content-Transfer-Encoding: quoted-printable", b"Content-Transfer-Encoding: 8bit")


@variants(
    "header that makes a file of it",
    {
        "by a disposition": "Content-Disposition: attachment; filename=a.txt",
        "by a type": 'Content-Type: application/pdf; name="a.pdf"',
    },
    "unproven",
)
def _filed(case: Case, line: str) -> bytes:
    plain = case.draft.without("Content-Type")
    return f"{line}\r\n".encode() + true(case, plain.raw, names=less("Content-Type"))
