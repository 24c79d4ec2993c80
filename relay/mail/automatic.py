"""Whether a person wrote a mail: reply, auto-reply or bounce, told by its header."""

from __future__ import annotations

from email.message import Message

from relay.mail import headers
from relay.model import MailKind

# Fields that only automatons set, whatever their value.
_FIELDS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-mail-autoreply",
    "x-autoreply-from",
    "x-vacation",
)
_PRECEDENCE = frozenset({"auto_reply", "auto-reply", "junk"})


def kind(message: Message) -> MailKind:
    """What a mail is by its header fields.

    Auto-Submitted other than "no" (RFC 3834 §5), vendors' own fields, Precedence auto_reply or junk: "auto-reply".
    multipart/report of delivery-status (RFC 3464): "bounce"; any other report (read receipts): "auto-reply". A list's
    Precedence, and X-Auto-Response-Suppress, say nothing about who wrote.
    """
    if message.get_content_type() == "multipart/report":
        return "bounce" if "delivery-status" in _report_type(message) else "auto-reply"
    return "auto-reply" if _is_automatic(message) else "reply"


def _report_type(message: Message) -> str:
    return headers.first(message, "content-type").lower()


def _is_automatic(message: Message) -> bool:
    submitted = headers.first(message, "auto-submitted").lower().partition(";")[0].strip()
    precedence = headers.first(message, "precedence").lower()
    return submitted not in ("", "no") or precedence in _PRECEDENCE or any(headers.values(message, name) for name in _FIELDS)
