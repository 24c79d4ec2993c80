"""Header fields as they really come: decoded, clean of characters that lie, addresses and ids taken apart."""

from __future__ import annotations

import base64
import re
import unicodedata
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from mailparser.utils import get_addresses

from relay.errors import Refused
from relay.mail.parts import charsets, head
from relay.model import Contact

LONGEST = 4000  # characters of a field that are decoded; the rest is cut
ENCODED_WORDS = 200
IDS = 200

# Line ends and control characters; zero-width, bidi, soft hyphen, tags, interlinear and other formatting characters.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # surrogates that are no bytes
_FOLD = re.compile(r"[\r\n\t]+ *")
_BLANKS = re.compile(r"\s+")
_BARE_ID = re.compile(r"[^<>\s@]{1,200}@[^<>\s@]{1,200}")
_ID = re.compile(r"<[^<>\s]{1,400}>")
_QUOTED_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*+"|\([^()]*+\)')
_Q_WORD = re.compile(r"(=\?[^?\s]{1,60}\?[qQ]\?)([^?\s]{0,400})(\?=)")
_CUT_WORD = re.compile(r"=\?([^?\s]{1,60})\?[bB]\?([A-Za-z0-9+/]{1,400}={0,2})(?:\?=|$)\s*")
_SPECIAL = re.compile(r"[:,;<>()@\[\]\"\\]")
_SPECIAL_OR_AT = re.compile(r"[:,;<>()@\"\\]")  # brackets are read by nobody: "Ivan [North]"
_ANGLED = re.compile(r"<([^<>]*@[^<>]*)>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DOTTED = re.compile(r"\"[\w!#$%&'*+/=?^`{|}~.-]+\"")
_AT = re.compile(r"[^\s@＠﹫][@＠﹫][^\s@＠﹫]|[@＠﹫]\s*[^\s@＠﹫]+[.。．｡][^\s@＠﹫]")
# Characters that do not show: with one of them an address looks like another.
_HIDDEN = r"\x00-\x1f\x7f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_ADDR_SPEC = re.compile(rf"(?:[^\s@<>()\[\],;:\\\"{_HIDDEN}]+|\"[^\"\\{_HIDDEN}]+\")@(?:[\w-]+(?:\.[\w-]+)*)")


def values(message: Message, name: str) -> list[str]:
    """The raw values of every field of that name, as strings whose odd bytes are surrogates."""
    return [str(value) for key, value in message.raw_items() if key.lower() == name]


def first(message: Message, name: str) -> str:
    """The first field of that name, decoded and clean; "" when there is none."""
    found = values(message, name)
    return decoded(found[0]) if found else ""


def clean(text: str) -> str:
    """`text` on one line, without control, bidi, zero-width and other unseen characters."""
    return _BLANKS.sub(" ", _UNSEEN.sub("", _FOLD.sub(" ", text)).encode("utf-8", "replace").decode()).strip()


def decoded(raw: str) -> str:
    """A field's text: RFC 2047 words decoded (also where they must not be), raw bytes guessed, then `clean`."""
    return clean(decode_words(raw))


def decode_words(raw: str) -> str:
    """RFC 2047 words of a raw value decoded; what is malformed stays as it is."""
    raw = unsurrogated(raw[:LONGEST])
    if "=?" not in raw or raw.count("=?") > ENCODED_WORDS:
        return raw
    try:
        chunks = decode_header(_FOLD.sub(" ", raw))
    except (MessageError, ValueError, LookupError, AttributeError, IndexError):
        return _CUT_WORD.sub(_cut_word, raw)
    return "".join(chunk if isinstance(chunk, str) else _chunk(chunk, charset) for chunk, charset in chunks)


def _cut_word(match: re.Match[str]) -> str:
    """An encoded word whose base64 was cut off: what there is of it."""
    whole = match[2].rstrip("=")
    whole = whole[: len(whole) - (len(whole) % 4 == 1)]
    return charsets.decode(base64.b64decode(whole + "=" * (-len(whole) % 4)), match[1].partition("*")[0])


def _chunk(chunk: bytes, charset: str | None) -> str:
    if charset is None:
        return chunk.decode("raw-unicode-escape", "replace")
    return charsets.decode(chunk, charset.partition("*")[0])  # RFC 2231 §5: a language after the charset


def unsurrogated(raw: str) -> str:
    """A raw value whose odd bytes (surrogates) are decoded by guess; half characters become "?"."""
    if raw.isascii():
        return raw
    return charsets.decode(_HALF.sub("?", raw).encode("utf-8", "surrogateescape"))


def author(message: Message, whole: bytes = b"") -> Contact:
    """Who wrote the mail: the one mailbox of the one From. One reader decides, for authentication and for display alike.

    Nobody else is asked: not Reply-To, Sender, a display name or the text. A From that another reader could take for somebody
    else's is refused: an address in angle brackets anywhere but at its place, be it in quotes or a comment; blanks, comments,
    quoted pairs or encoded words within the address; characters that stand for others (NFKC), bytes that are not UTF-8. A display
    name that shows another address than the mailbox's own is dropped, so that nobody reads it as the author's.

    Raises Refused(554, "5.6.0", …) for that, and for none or several From fields, none or several mailboxes, a group or a broken
    one (RFC 5322 §3.6.2). In `whole`, the raw mail, every line counts that some reader takes for one.
    """
    found = values(message, "from")
    if (count := max(len(found), head.authors(whole))) != 1 or not found:
        raise _refused(f"it has {count} From fields" if found else "it has no From field")
    raw = _FOLD.sub(" ", unsurrogated(found[0]))
    boxes, defects = _mailboxes(raw)
    bare = _unquoted(_escaped(raw))
    if ";" in bare:
        raise _refused("its From names a group")
    if len(boxes) != 1:
        raise _refused("its From names several mailboxes" if boxes else "its From is empty")
    spoken, spec = boxes[0]
    name = decoded(spoken)
    if not (_is_whole(name, spec, defects) and _is_plain(bare, spec) and _is_sole(raw, spec) and _is_certain(found[0], spec)):
        raise _refused("its From is broken")
    return Contact(spec, "" if name.lower() == spec.lower() or _shows_another(name, spec) else name)


def _refused(what: str) -> Refused:
    return Refused(554, "5.6.0", f"This mail cannot be taken: {what}. It must have one From with one address.")


def _mailboxes(raw: str) -> tuple[list[tuple[str, str]], list[object]]:
    defects: list[object] = []
    return list(get_addresses(_escaped(raw), defects=defects)), defects


def _escaped(raw: str) -> str:
    """Encoded words without the specials that RFC 2047 §5.3 forbids there and clients write: "=?utf-8?q?Acme:_Support?="."""
    return _Q_WORD.sub(lambda m: m[1] + _SPECIAL.sub(lambda s: f"={ord(s[0]):02X}", m[2]) + m[3], raw)


def _is_whole(name: str, spec: str, defects: list[object]) -> bool:
    """Nothing but an odd display name may be wrong, and that must not look like another address."""
    if _ADDR_SPEC.fullmatch(spec) is None or len(spec) > 320:
        return False
    odd = any("invalid-display-name" not in str(defect) for defect in defects)
    return not odd and (not defects or "@" not in name or name.lower() == spec.lower())


def _unquoted(raw: str) -> str:
    """Without quoted strings and comments, also comments in comments."""
    shorter = _QUOTED_OR_COMMENT.sub(_left, raw)
    return raw if shorter == raw else _unquoted(shorter)


def _left(match: re.Match[str]) -> str:
    """What is left of a quoted string or a comment: a quoted local part that needs no quotes to be read, else a blank."""
    return match[0] if match.string[match.end() : match.end() + 1] == "@" and _DOTTED.fullmatch(match[0]) else " "


def _is_plain(bare: str, spec: str) -> bool:
    """Whether, without quotes and comments, the address stands alone, or last, in angle brackets, behind a name of mere words."""
    before, found, after = bare.strip().rpartition(f"<{spec}>")
    if not found:
        return bare.strip() == spec
    return not after and (before.strip().lower() == spec.lower() or not _SPECIAL_OR_AT.search(before))


def _is_sole(raw: str, spec: str) -> bool:
    """Whether no other address stands in angle brackets, not even within quotes or a comment."""
    return all(inner.strip() == spec for inner in _ANGLED.findall(raw))


def _is_certain(raw: str, spec: str) -> bool:
    """Whether the address is there byte for byte: UTF-8, no controls, nothing encoded, no characters that stand for others."""
    if _CONTROL.search(raw) or "=?" in spec or unicodedata.normalize("NFKC", spec) != spec:
        return False
    try:
        return spec.isascii() or spec in raw.encode("utf-8", "surrogateescape").decode()
    except UnicodeDecodeError:
        return False


def _shows_another(name: str, spec: str) -> bool:
    """Whether a display name, decoded, has an address in it beside its own."""
    return _AT.search(name.lower().replace(spec.lower(), " ")) is not None


def addresses(message: Message, *names: str) -> tuple[str, ...]:
    """Every address of those fields once, lower case, in order; what cannot be read is left out."""
    raw = [_FOLD.sub(" ", unsurrogated(value)) for name in names for value in values(message, name)]
    found = [spec.lower() for value in raw for _, spec in _mailboxes(value)[0]]
    return tuple(dict.fromkeys(spec for spec in found if _ADDR_SPEC.fullmatch(spec)))


def ids(message: Message, *names: str) -> tuple[str, ...]:
    """Every message id of those fields once, with angle brackets, in order, the last IDS of them.

    A field that holds one bare id without its brackets, as some clients write it, is taken, too.
    """
    fields = [clean(unsurrogated(value)) for name in names for value in values(message, name)]
    found = [each for field in fields for each in _ID.findall(field) or ([f"<{field}>"] if _BARE_ID.fullmatch(field) else [])]
    return tuple(dict.fromkeys(found))[-IDS:]
