"""Delivery reports (RFC 3464): whom a letter did not reach, for good or for now, and why."""

from __future__ import annotations

import re

from relay.mail import headers
from relay.model import Bounce

GROUPS = 100  # recipients of a report that are looked at
_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]*((?:.|\n[ \t]){0,2000})", re.MULTILINE)
_STATUS = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
_CODE = re.compile(r"\b([45])\d\d\b")


def read(report: str) -> Bounce | None:
    """What a message/delivery-status text says of the first recipient that was not reached; None when all were.

    Permanent is only what failed with a status 5.x.x (RFC 3463); delayed, and 4.x.x whatever the action, may still pass.
    """
    groups = [_fields(group) for group in re.split(r"\n[ \t]*\n", report.replace("\r\n", "\n"))[:GROUPS]]
    failed = [group for group in groups if group.get("action") == "failed"]
    delayed = [group for group in groups if group.get("action") == "delayed"]
    return next((_bounce(group) for group in failed + delayed), None)


def _fields(group: str) -> dict[str, str]:
    fields = {match[1].lower(): headers.decoded(match[2]) for match in _FIELD.finditer(group)}
    if "action" in fields:
        fields["action"] = fields["action"].lower().split(" ")[0].strip("();")
    return fields


def _bounce(group: dict[str, str]) -> Bounce:
    diagnostic = group.get("diagnostic-code", "").partition(";")[2].strip() or group.get("diagnostic-code", "")
    status = group.get("status", "")
    return Bounce(
        recipient=_address(group.get("final-recipient") or group.get("original-recipient") or ""),
        permanent=group["action"] == "failed" and _class(status, diagnostic) == "5",
        reason=(diagnostic or status)[:500],
    )


def _class(status: str, diagnostic: str) -> str:
    found = _STATUS.search(status) or _STATUS.search(diagnostic) or _CODE.search(diagnostic)
    return found[1] if found else ""


def _address(value: str) -> str:
    """ "rfc822; <ivan@north.example>" → "ivan@north.example"."""
    return (value.partition(";")[2] or value).strip().strip("<>").lower()
