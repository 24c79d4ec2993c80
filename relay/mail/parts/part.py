"""A MIME part as the parser gives it, and what its own header says: type, charset, name.

Parts that are packed in another form (a TNEF file, a uuencoded block) are the same kind of value, made by `Part.of`.
"""

from __future__ import annotations

import re
from email.errors import InvalidBase64CharactersDefect, InvalidBase64LengthDefect, InvalidBase64PaddingDefect
from email.message import Message

from relay.mail.parts import headers, transfer

_EXTENDED_NAME = re.compile(r";\s*(?:file)?name\*(?:0\*)?\s*=", re.IGNORECASE)
_PLAIN_NAME = re.compile(r";\s*(?:file)?name\s*=\s*(?:\"(?:[^\"\\]|\\.)*+\"|[^;\"]*+)", re.IGNORECASE)
_BROKEN_BASE64 = (InvalidBase64CharactersDefect, InvalidBase64LengthDefect, InvalidBase64PaddingDefect)
_MANGLED = (ValueError, LookupError, TypeError, AttributeError)  # what odd parameters make the standard library raise


class Part(Message):
    """A MIME part whose message/* stays closed: for the parser it is a leaf, `kind` says what it is.

    `placed` is the Content-ID given to a picture that had none and stands among the texts; else "". `bare` is the content of
    a part that was made by `of` or unpacked, as it is.
    """

    placed = ""
    bare: bytes | None = None

    @classmethod
    def of(cls, kind: str, content: bytes, name: str = "", content_id: str = "") -> Part:
        """A file of that type that did not come as a part of its own."""
        made = cls()
        made["Content-Type"] = kind
        if content_id:
            made["Content-ID"] = f"<{headers.clean(content_id).strip('<> ')}>"
        made.set_param("name", headers.clean(name), charset="utf-8")
        made.bare = content
        return made

    def get_content_type(self) -> str:
        """The type for the parser: never message/*, nor a multipart without a boundary."""
        kind = self.kind
        return "application/octet-stream" if kind.startswith("message/") else kind

    @property
    def kind(self) -> str:
        """The declared type, lower case, with the RFC 2045 §5.2 defaults."""
        return super().get_content_type()

    @property
    def disposition(self) -> str:
        """The first word of Content-Disposition, lower case, or ""."""
        return str(self.get("content-disposition", "")).lower().partition(";")[0].strip()

    def data(self) -> bytes:
        """The decoded bytes; of a malformed encoding what there is."""
        payload = self._decoded() if self.bare is None else self.bare
        if self.kind.startswith("text/") and any(isinstance(defect, _BROKEN_BASE64) for defect in self.defects):
            return transfer.leading(str(self.get_payload()).encode("utf-8", "surrogateescape"), self.parameter("charset"))
        return payload if isinstance(payload, bytes) else b""

    def _decoded(self) -> object:
        """Blanks behind a soft line break do not count (RFC 2045 §6.7): most signatures leave them open."""
        kept = getattr(self, "_payload", None)  # get_payload() decodes by the charset what is beyond ASCII
        if isinstance(kept, str) and str(self.get("content-transfer-encoding", "")).lower() == "quoted-printable":
            return transfer.quoted(kept.encode("utf-8", "surrogateescape"))
        return self.get_payload(decode=True)

    def children(self) -> list[Part]:
        """The parts of a multipart; of any other none."""
        payload = self.get_payload()
        return [child for child in payload if isinstance(child, Part)] if isinstance(payload, list) else []

    def parameter(self, name: str) -> str:
        """A parameter of Content-Type, "" where there is none or it is mangled."""
        try:
            value = self.get_param(name, "")
        except _MANGLED:
            return ""
        return str(value[2] if isinstance(value, tuple) else value or "").strip()


def file_name(part: Message) -> str:
    """The raw file name of a part (RFC 2231 decoded, RFC 2047 not), or "". Content-Disposition goes before Content-Type."""
    view = Message()
    for field_name, raw in part.raw_items():
        if field_name.lower() in ("content-disposition", "content-type") and field_name not in view:
            view[field_name] = _extended_first(headers.unsurrogated(str(raw)))
    try:
        return view.get_filename() or ""
    except _MANGLED:
        return ""


def _extended_first(value: str) -> str:
    """Of `filename="x"` and `filename*=…` side by side only the second is meant (RFC 6266 §4.3)."""
    return _PLAIN_NAME.sub("", value) if _EXTENDED_NAME.search(value) else value
