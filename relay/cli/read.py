"""`relay read`: what the relay reads out of a mail, tried on one's own archive without configuration or database."""

from __future__ import annotations

import base64
import binascii
import json
import mailbox
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from relay.model import Attachment, Mail, Text
    from relay.readers.process import ReaderProcess

Result = dict[str, Any]


def read(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE…", help="Mails, mbox files, Maildirs, folders of .eml files.")
    ] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help='Read lines {"id", "kind", "body"} from stdin, answer each.')] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what is new in a mail, and what else is read out of it."""
    if jsonl == bool(files):
        raise typer.BadParameter("give files, or --jsonl and the lines on stdin")
    from relay.readers.process import ReaderProcess

    with ReaderProcess() as reader:  # where a mail that makes it hang or die stops nothing
        failed = sum(_answer(reader, line) for line in sys.stdin.buffer) if jsonl else _show(reader, files or [], as_json)
    raise typer.Exit(1 if failed else 0)


# ── lines ──────────────────────────────────────────────────────────────────────────────────────────────────


def _answer(reader: ReaderProcess, line: bytes) -> bool:
    """Answer one line at once; whether it could not be read. A blank line is none."""
    if not line.strip():
        return False
    result = _of_line(reader, line)
    sys.stdout.buffer.write(json.dumps(result, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()
    return "error" in result


def _of_line(reader: ReaderProcess, line: bytes) -> Result:
    from relay.errors import Refused
    from relay.readers.process import Unreadable

    name: object = None
    try:
        asked = json.loads(line)
        name, kind, body = asked["id"], asked["kind"], base64.b64decode(asked["body"])
        if kind == "raw":
            return _of_mail(name, reader.read(body))
        if kind in ("text", "html"):
            return _of_text(name, reader.read_body(body, kind))
        return _unread(name, f'kind "{kind}": expected "raw", "text" or "html"')
    except (Refused, Unreadable, ChildProcessError) as error:
        return _unread(name, str(error))
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        return _unread(name, f'not a line {{"id", "kind", "body"}} with a base64 body: {error}')


def _of_mail(name: object, mail: Mail) -> Result:
    return {
        "id": name,
        "kind": mail.kind,
        "text": mail.text,
        "quoted": mail.quoted,
        "signature": mail.signature,
        "commands": [{"word": each.word, "argument": each.argument} for each in mail.commands],
        "attachments": [_of_file(each) for each in mail.attachments],
        "bounce": None
        if mail.bounce is None
        else {"recipient": mail.bounce.recipient, "class": "permanent" if mail.bounce.permanent else "temporary"},
        **_structure(mail.html),
    }


def _of_file(file: Attachment) -> Result:
    """Name, type and size; `withheld`, why nobody would get it, where that is so."""
    told: Result = {"name": file.name, "type": file.type, "size": file.size}
    return told | {"withheld": file.withheld} if file.withheld else told


def _of_text(name: object, text: Text) -> Result:
    return {
        "id": name,
        "kind": "reply",
        "text": text.text,
        "quoted": text.quoted,
        "signature": text.signature,
        "commands": [{"word": each.word, "argument": each.argument} for each in text.commands],
        "attachments": [],
        "bounce": None,
        **_structure(text.html),
    }


def _structure(html: str) -> Result:
    """The new text as HTML, where that tells more."""
    return {"html": html} if html else {}


def _unread(name: object, why: str) -> Result:
    empty: Result = {"text": "", "quoted": "", "signature": "", "commands": [], "attachments": [], "bounce": None}
    return {"id": name, "kind": "unreadable", **empty, "error": why}


# ── files ──────────────────────────────────────────────────────────────────────────────────────────────────


def _show(reader: ReaderProcess, files: list[Path], as_json: bool) -> int:
    """Show every mail of every file as it is read, for an archive may be large; how many could not be read."""
    kinds: Counter[str] = Counter()
    for count, (name, raw) in enumerate(found for path in files for found in _mails(path)):
        result = _read_one(reader, name, raw)
        kinds[result["kind"]] += 1
        if as_json:
            typer.echo(("[\n" if count == 0 else ",\n") + json.dumps(result, ensure_ascii=False, indent=2), nl=False)
        else:
            typer.echo(("\n" if count else "") + _in_words(result))
    if as_json:
        typer.echo("\n]" if kinds else "[]")
    elif kinds.total() > 1:
        typer.echo("\n── " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    return kinds["unreadable"]


def _read_one(reader: ReaderProcess, name: str, raw: bytes | Exception) -> Result:
    from relay.errors import Refused
    from relay.readers.process import Unreadable

    if isinstance(raw, Exception):
        return _unread(name, f"cannot be opened: {getattr(raw, 'strerror', None) or raw}")
    try:
        return _of_mail(name, reader.read(raw))
    except (Refused, Unreadable, ChildProcessError) as error:
        return _unread(name, str(error))


def _mails(path: Path) -> Iterator[tuple[str, bytes | Exception]]:
    """The mails of a file, an mbox, a Maildir or a folder of .eml files, each with a name to show."""
    try:
        if (path / "cur").is_dir():
            yield from _boxed(path, mailbox.Maildir(path, create=False))
        elif path.is_dir():
            yield from _filed(path)
        elif _is_mbox(path):
            yield from _boxed(path, mailbox.mbox(path, create=False))
        else:
            yield str(path), path.read_bytes()
    except (OSError, mailbox.NoSuchMailboxError) as error:
        yield str(path), error


def _filed(folder: Path) -> Iterator[tuple[str, bytes | Exception]]:
    files = sorted(folder.rglob("*.eml"))
    if not files:
        raise FileNotFoundError(None, "neither a Maildir nor a folder with .eml files", str(folder))
    for path in files:
        yield from _mails(path)


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From "


def _boxed(path: Path, box: mailbox.Mailbox[Any]) -> Iterator[tuple[str, bytes]]:
    try:
        for key in box.keys():  # noqa: SIM118 - iterating over a mailbox gives messages
            yield f"{path}:{key}", box.get_bytes(key)
    finally:
        box.close()


def _in_words(result: Result) -> str:
    if "error" in result:
        return f"── {result['id']}\nnot read: {result['error']}"
    shown = [f"── {result['id']} · {result['kind']}", result["text"] or "(no new text)"]
    shown += [f"  command   #{each['word']} {each['argument']}".rstrip() for each in result["commands"]]
    shown += [f"  file      {_file_in_words(each)}" for each in result["attachments"]]
    if result["bounce"]:
        shown.append(f"  bounce    {result['bounce']['class']}: {result['bounce']['recipient']}")
    shown += [f"  {what}\n{_indented(result[what])}" for what in ("quoted", "signature") if result[what]]
    return "\n".join(shown)


def _file_in_words(file: Result) -> str:
    withheld = f" · withheld: {file['withheld']}" if "withheld" in file else ""
    return f"{file['name']} · {file['type']} · {file['size']} bytes{withheld}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))
