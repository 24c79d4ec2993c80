"""What of a mail is known already: words of the chain that it quotes, its author's signature, the pictures in that."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from relay import address, ledger, store
from relay.mail.parts import pictures
from relay.mail.text import signature
from relay.model import Mail


def unknown_cut(connection: Connection, mail: Mail, chain_id: int, mail_id: str) -> str:
    """What was cut from the mail but for the obvious: the chain quoted, a signature that has been seen."""
    parts = []
    if mail.kind != "reply":
        return ""
    if mail.quoted and not (address.mentions(mail.quoted) or store.is_known(connection, chain_id, mail.quoted)):
        parts.append(mail.quoted)
    if mail.signature and not signature.is_of_a_client(mail.signature):
        letters = "".join(letter for letter in mail.signature.lower() if letter.isalpha())
        if ledger.first_time(connection, _mark(mail, letters), "signature", chain_id, mail_id):
            parts.append(mail.signature)
    return "\n\n".join(parts)


def answered_comments(connection: Connection, mail: Mail, chain_id: int) -> tuple[dict[str, Any], ...]:
    """What passages of the mail answer, as far as it was said in the chain publicly, with whose words they are.

    Those that answer something else are told without it, so that each finds its own place in the text.
    """
    said = store.public_comments(connection, chain_id) if mail.answered else []
    found = [(each, store.said_by(said, each.quote)) for each in mail.answered]
    told = ({"quote": each.quote if of is not None else "", "answer": each.answer, "of": of} for each, of in found)
    return tuple(told) if any(of is not None for _, of in found) else ()


def without_pictures(connection: Connection, mail: Mail, chains: Collection[int]) -> Mail:
    """The mail without pictures that are part of its author's signature: those who get the mail on `chains` have had them.

    Or two other chains have: one may be a photo that is shown again.
    """

    def is_known(sha256: str) -> bool:
        seen = store.seen_anywhere(connection, _mark(mail, sha256))
        return len(seen) > 1 or (bool(chains) and set(chains) <= set(seen))

    suspects = pictures.suspects(mail)
    return pictures.without(mail, {file.sha256 for file in suspects if is_known(file.sha256)}) if suspects else mail


def know_pictures(connection: Connection, mail: Mail, chain_id: int, mail_id: str) -> None:
    """From the next mail on, this mail's pictures are no news of its author. Internal ones nobody else has seen."""
    for file in pictures.suspects(mail):
        ledger.first_time(connection, _mark(mail, file.sha256), f"picture:{chain_id}", chain_id, mail_id)


def _mark(mail: Mail, what: str) -> str:
    return hashlib.sha256(f"{mail.author.address.lower()}\0{what}".encode(errors="replace")).hexdigest()
