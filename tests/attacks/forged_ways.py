"""Forgeries by way: somebody else's SPF, domains that protect themselves badly, ARC, results that anybody can write."""

from __future__ import annotations

from tests.attacks.forged_signatures import foreign, spoiled, true
from tests.attacks.forging import forgery, variants
from tests.attacks.keys import key
from tests.attacks.signer import SIGNED, seal, sign
from tests.attacks.world import Attack, Case
from tests.attacks.zones import EVIL, LISTS
from tests.harness import DOMAIN

# ── SPF ────────────────────────────────────────────────────────────────────────────────────────────────────


@forgery("unproven")
def spf_of_a_domain_that_lets_everybody(case: Case) -> Attack:
    return Attack(case.draft.raw, f"anything@{EVIL}", case.domain)


@forgery("unproven", victim="posta")
def spf_of_the_hello_alone(case: Case) -> Attack:
    return Attack(case.draft.raw, f"bounce@{EVIL}", "spf.example")


@forgery("unproven", victim="posta")
def return_path_below_a_domain_of_another_policy(case: Case) -> Attack:
    return Attack(case.draft.raw, "bounce@other.spf.example")


@forgery("unproven", victim="posta")
def return_path_of_the_author_spelt_as_the_forgers(case: Case) -> Attack:
    return Attack(case.draft.raw, f'"{case.author}"@{EVIL}')


@forgery("unproven", victim="posta")
def signature_where_spf_is_asked_for(case: Case) -> bytes:
    return true(case, case.draft.raw)


_WEAK = {
    "that is soft": "sofia@soft.example",
    "that is neutral": "nora@neutral.example",
    "said twice": "tess@twospf.example",
    "of eleven look-ups": "dean@deep.example",
    "that includes itself": "rhea@round.example",
}


@variants("SPF", _WEAK, "unproven", victim="posta")
def _weak_spf(case: Case, author: str) -> Attack:
    return Attack(case.draft.having(From=author).raw, author, author.partition("@")[2])


@forgery("unproven", victim="keyed")
def spf_where_a_signature_is_asked_for(case: Case) -> Attack:
    return Attack(case.draft.raw, case.author, case.domain)


@forgery("unproven", victim="keyed")
def foreign_signature_where_a_signature_is_asked_for(case: Case) -> Attack:
    return Attack(foreign(case.draft.raw), case.author, case.domain)


# ── domains that protect themselves badly, and their neighbours ────────────────────────────────────────────


@forgery("unproven", victim="strict")
def neighbour_below_a_strict_domain_signs(case: Case) -> bytes:
    return sign(case.draft.raw, key("mail.strict.example"), "mail.strict.example")


@forgery("unproven", victim="strict")
def neighbour_below_a_strict_domain_sends(case: Case) -> Attack:
    return Attack(case.draft.raw, "bounce@mail.strict.example", "mail.strict.example")


@forgery("unproven", victim="bare")
def no_policy_and_no_signature(case: Case) -> bytes:
    return case.draft.raw


@forgery("unproven", victim="bare")
def no_policy_and_a_foreign_signature(case: Case) -> bytes:
    return foreign(case.draft.raw)


@forgery("unproven", victim="bare")
def no_policy_but_one_of_the_suffix_whose_owner_signs(case: Case) -> bytes:
    return sign(case.draft.raw, key("example"), "example")


@forgery("unproven", victim="lax")
def policy_of_none_and_no_signature(case: Case) -> bytes:
    return case.draft.raw


@forgery("unproven", victim="lax")
def policy_of_none_and_a_foreign_signature(case: Case) -> bytes:
    return foreign(case.draft.raw)


@forgery("unproven", victim="suffix")
def neighbour_under_a_countrys_suffix_signs(case: Case) -> bytes:
    return sign(case.draft.raw, key("b.co.uk"), "b.co.uk")


@forgery("unproven", victim="suffix")
def neighbour_under_a_countrys_suffix_sends(case: Case) -> Attack:
    return Attack(case.draft.raw, "bounce@b.co.uk", "b.co.uk")


@forgery("unproven", victim="suffix")
def the_suffix_itself_signs(case: Case) -> bytes:
    return sign(case.draft.raw, key("co.uk"), "co.uk")


@forgery("unproven", victim="suffix")
def neighbour_under_a_private_suffix_signs(case: Case) -> bytes:
    return sign(case.draft.having(From="gail@a.github.io").raw, key("b.github.io"), "b.github.io")


# ── results that anybody can write ─────────────────────────────────────────────────────────────────────────


@variants("results in the name of", {"the relay": DOMAIN, "the author": "north.example", "a sealer": LISTS}, "unproven")
def _results(case: Case, by: str) -> bytes:
    domain = case.domain
    results = f"dkim=pass header.d={domain}; spf=pass smtp.mailfrom={domain}; dmarc=pass header.from={domain}"
    lines = f"Authentication-Results: {by}; {results}\r\nReceived-SPF: pass (all is well) client-ip=127.0.0.1;\r\n"
    return lines.encode() + case.draft.raw


@forgery("unproven")
def headers_of_filters_that_found_it_good(case: Case) -> bytes:
    lines = "X-MS-Exchange-Organization-AuthAs: Internal\r\nX-Spam-Status: No, score=-100\r\nX-Google-DKIM-Signature: v=1\r\n"
    return lines.encode() + case.draft.raw


@forgery("unproven", "stranger")
def our_own_loop_header(case: Case) -> bytes:
    return f"X-Relay-Loop: {DOMAIN}\r\nX-Relay-Chain: A-1\r\n".encode() + case.draft.raw


def passed(domain: str) -> str:
    """What an honest sealer says of a mail of that domain."""
    return f"spf=pass smtp.mailfrom={domain}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}"


@forgery("unproven")
def arc_of_a_sealer_that_nobody_lists(case: Case) -> bytes:
    return seal(case.draft.raw, key("badlists.example"), "badlists.example", passed(case.domain))


@forgery("unproven")
def arc_in_the_name_of_a_listed_sealer(case: Case) -> bytes:
    return seal(case.draft.raw, key(EVIL), LISTS, passed(case.domain))


@forgery("unproven")
def arc_of_a_listed_sealer_for_another_mail(case: Case) -> bytes:
    return spoiled(seal(case.signed(), key(LISTS), LISTS, passed(case.domain)))


@forgery("unproven")
def arc_of_a_listed_sealer_that_found_a_forgery(case: Case) -> bytes:
    found = f"spf=fail smtp.mailfrom={case.domain}; dkim=none; dmarc=fail header.from={case.domain}"
    return seal(case.draft.raw, key(LISTS), LISTS, found)


@forgery("unproven")
def arc_of_a_listed_sealer_that_found_the_forger_good(case: Case) -> bytes:
    return seal(foreign(case.draft.raw), key(LISTS), LISTS, passed(EVIL))


@forgery("unproven")
def arc_with_a_comment_that_says_pass(case: Case) -> bytes:
    found = f'dmarc=fail (dmarc=pass header.from={case.domain}) header.from={case.domain}; dkim=none reason="; dmarc=pass"'
    return seal(case.draft.raw, key(LISTS), LISTS, found)


@forgery("unproven")
def arc_of_a_listed_sealer_changed_by_one_that_is_not(case: Case) -> bytes:
    first = seal(case.draft.having(Subject="Hello").raw, key(LISTS), LISTS, passed(case.domain))
    changed = first.replace(b"Subject: Hello", b"Subject: #resolved")
    return seal(changed, key("badlists.example"), "badlists.example", "arc=pass", number=2, verdict="pass")


@forgery("unproven")
def arc_of_a_listed_sealer_over_one_that_is_not(case: Case) -> bytes:
    """The first set, which says that the mail was good, is the forger's; the listed sealer says only that it is whole."""
    first = seal(case.draft.raw, key("badlists.example"), "badlists.example", passed(case.domain))
    return seal(first, key(LISTS), LISTS, "arc=pass; dkim=none; dmarc=fail", number=2, verdict="pass")


@forgery("unproven")
def arc_that_says_of_itself_that_it_failed(case: Case) -> bytes:
    return seal(case.draft.raw, key(LISTS), LISTS, passed(case.domain), verdict="fail")


@forgery("unproven")
def arc_whose_first_set_is_missing(case: Case) -> bytes:
    whole = seal(case.draft.raw, key(LISTS), LISTS, passed(case.domain))
    return whole.replace(b"i=1;", b"i=2;")


@forgery("unproven")
def arc_without_its_seal(case: Case) -> bytes:
    whole = seal(case.draft.raw, key(LISTS), LISTS, passed(case.domain))
    return whole[whole.index(b"ARC-Message-Signature") :]


@forgery("unproven")
def arc_that_covers_no_from(case: Case) -> bytes:
    """A sealed mail of the forger's, with the author put over it afterwards."""
    names = [name for name in SIGNED if name != "From"]
    return seal(case.draft.raw, key(LISTS), LISTS, passed(case.domain), names=names)
