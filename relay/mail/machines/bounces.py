"""Delivery reports: whom a letter did not reach, for good or for now, and why.

The standard form (RFC 3464) says it in fields. Other forms (qmail, old Exim and Sendmail, Exchange, Domino …) say it in prose:
there the first address told is the recipient, and the first reply of a server the reason. Every pattern is bounded: linear time.
"""

from __future__ import annotations

import re
from dataclasses import replace

from relay.mail.machines import automatic
from relay.mail.machines import automatic_phrases as phrases
from relay.mail.parts import headers
from relay.mail.parts.parse import Parts
from relay.model import Bounce

GROUPS = 100  # recipients of a report that are looked at
PROSE = 20_000  # characters of a report in prose that are looked at
HEADER = 64_000  # bytes of a returned mail in which its Message-ID is looked for
_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]{0,60})[ \t]*:[ \t]*((?:.|\n[ \t]){0,2000})", re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([45])\.\d\.\d{1,3}(?!\.?\d)")  # a class, a digit, a detail: no "Exim 4.94.2"
_CODE = re.compile(
    r"(?<![\d.:])([45])[0-5]\d(?=[ \t-]|$)(?!\s*(?:[kmg]?b|bytes|hours?|min|sec|days?|часов|час|байт|кб|мб)\b)", re.M | re.I
)
_REACHED = frozenset({"delivered", "relayed", "expanded"})
_ADDRESS = re.compile(r"(?<![\w.+=/-])[\w.+=/'&-]{1,64}@(?:[\w-]{1,63}\.){1,10}[\w-]{2,63}")
_RETURNED = re.compile(
    r"^(?:return-path:|received:"
    r"|-{2,}[^\n]{0,20}(?:below this line|copy of|original m|returned m|message header|исходно|ursprüngl))",
    re.MULTILINE | re.IGNORECASE,
)
_MESSAGE_ID = re.compile(r"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,400}>)", re.MULTILINE | re.IGNORECASE)
_MAIL = frozenset({"message/rfc822", "message/global", "text/rfc822-headers"})


def find(parts: Parts, whole: str) -> Bounce | None:
    """What a mail says of a letter that was not delivered, or is late; None for a mail that is no such report.

    `whole` is all of its text, the returned mail, too. Never raises.
    """
    message = parts.message
    machine = automatic.is_machine(message) or automatic.is_postmaster(message)
    groups = _groups(parts.said("delivery")) if machine else []
    found = _worst(groups)
    if found is None and not groups and machine and _is_report(parts, whole):
        found = _prose(parts, whole)
    return replace(found, message_id=_returned_id(parts, whole)) if found else None


def read(report: str) -> Bounce | None:
    """What a message/delivery-status text says of the recipient that was not reached; None when all were.

    Permanent is what failed, but for a status 4.x.x (RFC 3463): that may still pass when it is sent again. Of several recipients
    the one counts that failed for good, then one that failed, then one that is late.
    """
    return _worst(_groups(report))


# ── the standard form ──────────────────────────────────────────────────────────────────────────────────────


def _groups(report: str) -> list[dict[str, str]]:
    """The fields of each recipient."""
    texts = re.split(r"\n[ \t]*\n", report.replace("\r\n", "\n"), maxsplit=GROUPS)
    return [group for group in map(_fields, texts[: GROUPS + 1]) if _is_of_recipient(group)]


def _worst(groups: list[dict[str, str]]) -> Bounce | None:
    found = (_bounce(group) for group in groups if group["action"] not in _REACHED)
    return min(found, key=lambda bounce: (bounce.delayed, not bounce.permanent), default=None)


def _fields(group: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(group):
        fields.setdefault(match[1].lower(), headers.decoded(match[2]))
    fields["action"] = re.split(r"[\s(;,]", fields.get("action", "").lower(), maxsplit=1)[0]
    return fields


def _is_of_recipient(group: dict[str, str]) -> bool:
    """A group about a recipient, with an action or, as some leave that out, at least a status that says failure."""
    return bool(group["action"]) or ("final-recipient" in group and _STATUS.search(group.get("status", "")) is not None)


def _bounce(group: dict[str, str]) -> Bounce:
    diagnostic = group.get("diagnostic-code", "").partition(";")[2].strip() or group.get("diagnostic-code", "")
    status = group.get("status", "")
    delayed = group["action"] == "delayed"
    return Bounce(
        recipient=_recipient(group),
        permanent=not delayed and _is_permanent(status, diagnostic),
        reason=(diagnostic or status)[:500],
        delayed=delayed,
    )


def _recipient(group: dict[str, str]) -> str:
    """ "rfc822; <ivan@north.example>" → "ivan@north.example"; a field that has an address, before one with a local name.

    The original recipient is the one that we wrote to; the final one is where his server sent it on to (RFC 3464 §2.3.1).
    """
    original = _field_address(group.get("original-recipient", ""))
    if _ADDRESS.fullmatch(original):
        return original
    found = [
        _field_address(group[name]) for name in ("final-recipient", "original-recipient", "x-actual-recipient") if name in group
    ]
    return next((value for value in found if "@" in value), next((value for value in found if value), ""))


def _field_address(value: str) -> str:
    return (value.partition(";")[2] or value).strip().strip("<>").lower()


def _is_permanent(*said: str) -> bool:
    """By the first status among the texts, then by the first reply code, then by what is said of full mailboxes and the like."""
    code = next((match[1] for pattern in (_STATUS, _CODE) for text in said if (match := pattern.search(text))), "")
    return code == "5" if code else not any(word in automatic.folded(text) for text in said for word in phrases.TEMPORARY)


# ── prose ──────────────────────────────────────────────────────────────────────────────────────────────────


def _is_report(parts: Parts, whole: str) -> bool:
    """Whether a mail from a machine tells of a failed delivery; one that a person may have sent must say it twice."""
    message = parts.message
    if headers.values(message, "x-failed-recipients"):
        return True
    notice = _notice(whole)
    subject, words = automatic.speaks_of_failure(message, automatic.folded(notice))
    if automatic.is_daemon(message) or (automatic.is_postmaster(message) and automatic.is_machine(message)):
        return subject or words
    return subject and (words or _STATUS.search(notice) is not None)


def _prose(parts: Parts, whole: str) -> Bounce:
    notice = _notice(whole)
    subject = headers.first(parts.message, "subject")
    own = {headers.author(parts.message).address.lower(), *headers.addresses(parts.message, "to", "cc")}
    told = headers.addresses(parts.message, "x-failed-recipients") or tuple(
        found for match in _ADDRESS.finditer(notice) if (found := match[0].lower().strip("'./-")) not in own
    )
    recipient = told[0] if told else ""
    delayed = not headers.values(parts.message, "x-failed-recipients") and _is_late(subject, notice)
    return Bounce(
        recipient=recipient,
        permanent=not delayed and _is_permanent(notice),
        reason=_reason(notice, recipient)[:500],
        delayed=delayed,
    )


def _notice(whole: str) -> str:
    """What the server says, without the returned mail below it."""
    beginning = whole[:PROSE].replace("\r\n", "\n")
    returned = _RETURNED.search(beginning)
    return beginning[: returned.start()] if returned else beginning


def _is_late(subject: str, notice: str) -> bool:
    said = automatic.folded(f"{subject}\n{notice}")
    return any(word in said for word in phrases.DELAYED) and "permanent" not in said


def _reason(notice: str, recipient: str) -> str:
    """The line with a server's reply, from its code on; else what follows the recipient; else the first sentence."""
    lines = [" ".join(line.split()) for line in notice.split("\n") if line.strip()]
    for line in lines:
        if match := _CODE.search(line) or _STATUS.search(line):
            return line[match.start() :]
    at = next((number for number, line in enumerate(lines) if recipient and recipient in line.lower()), -1)
    return lines[at + 1] if 0 <= at < len(lines) - 1 else (lines[0] if lines else "")


# ── the returned mail ──────────────────────────────────────────────────────────────────────────────────────


def _returned_id(parts: Parts, whole: str) -> str:
    """The Message-ID of the returned mail, which else stays closed: from its header, or from its copy in the text."""
    mails = [parts.machines["returned"]] if "returned" in parts.machines else [file for file in parts.files if file.kind in _MAIL]
    texts = [mails[0].data()[:HEADER].decode("latin-1")] if mails else []
    found = (_MESSAGE_ID.search(re.split(r"\r?\n\r?\n", text.lstrip(), maxsplit=1)[0]) for text in texts)
    match = next((match for match in found if match), None) or _MESSAGE_ID.search(whole[: 3 * PROSE])
    return match[1] if match else ""
