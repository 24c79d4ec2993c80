"""How many mails a second are read, and how well, beside public extractors from PyPI in the same run on the same mails.

    .venv/bin/pip install -e '.[bench]'
    .venv/bin/python benchmarks/reading.py [--rounds 20] [CASES.jsonl]

The mails are those of tests/corpus, and the lines of a file if one is named: {"kind": "raw" | "text" | "html", "body": base64}
and, where it is known what must come out, "required" and "optional" lines. The relay reads a mail whole (author, commands, files,
signature, bounces); the others are given its text, taken out by the standard library's parser (whose time counts), markup
dropped by lxml where there is only HTML. "relay" reads in a process of its own, as the server does; "relay, here" in this one.

- mails/s: over all rounds. of relay: the same as a part of what "relay" does.
- p50, p99, slowest: milliseconds a mail.
- exact: mails of which every required line comes out and no other but optional ones; blanks do not count.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import platform
import statistics
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from lxml import html  # noqa: E402

from relay.errors import Refused  # noqa: E402
from relay.mail.parts import charsets  # noqa: E402
from relay.mail.reader import read, read_body  # noqa: E402
from relay.readers.process import ReaderProcess, Unreadable  # noqa: E402


@dataclass(frozen=True, slots=True)
class Case:
    """A mail or a body, and the lines that must and may come out; None where that is not known."""

    kind: str
    body: bytes
    required: frozenset[str] | None = None
    optional: frozenset[str] = frozenset()

    def is_exact(self, text: str) -> bool:
        """Whether what came out is right."""
        assert self.required is not None
        found = lines(text)
        return self.required <= found <= self.required | self.optional


Extract = Callable[[Case], str]


def lines(text: str) -> frozenset[str]:
    """The filled lines with single blanks."""
    return frozenset(" ".join(line.split()) for line in text.splitlines() if line.strip())


# ── the mails ──────────────────────────────────────────────────────────────────────────────────────────────


def corpus() -> Iterator[Case]:
    """The mails of tests/corpus."""
    for path in sorted((ROOT / "tests" / "corpus").rglob("*.eml")):
        wanted = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
        if "text" in wanted:
            yield Case("raw", path.read_bytes(), lines(wanted["text"]))


def of_file(path: Path) -> Iterator[Case]:
    """The mails of a file of lines."""
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        required = None if told.get("required") is None else lines("\n".join(told["required"]))
        yield Case(told["kind"], base64.b64decode(told["body"]), required, lines("\n".join(told.get("optional") or ())))


def text_of(case: Case) -> str:
    """The text of a mail as the standard library and lxml give it: what the other extractors begin with."""
    kind, text = case.kind, ""
    if kind == "raw":
        message = message_from_bytes(case.body, policy=policy.default)
        assert isinstance(message, EmailMessage)
        part = message.get_body(("plain", "html"))
        if part is not None:
            kind = part.get_content_subtype()
            with suppress(LookupError, ValueError):
                text = part.get_content()
    else:
        text = charsets.decode(case.body, "utf-8")
    if kind == "html" and text.strip():
        text = str(html.fromstring(text.encode()).text_content())
    return text.replace("\r\n", "\n")


# ── the extractors ─────────────────────────────────────────────────────────────────────────────────────────


def relay_here(case: Case) -> str:
    """The relay's reader in this process."""
    if case.kind == "raw":
        return read(case.body).text
    return read_body(charsets.decode(case.body, "utf-8"), "html" if case.kind == "html" else "text").text


def relay_beside(process: ReaderProcess) -> Extract:
    """The relay's reader in its process."""
    return lambda case: (process.read(case.body) if case.kind == "raw" else process.read_body(case.body, case.kind)).text


def mail_parser_reply(module: Any) -> Extract:
    """alfonsrv/mail-parser-reply, with all its languages but the test one."""
    parser = module.EmailReplyParser(languages=["en", "de", "cs", "da", "es", "fr", "it", "ja", "ko", "nl", "pl", "sv", "zh"])
    return lambda case: parser.parse_reply(text=text_of(case)) or ""


def email_reply_parser(module: Any) -> Extract:
    """zapier/email-reply-parser."""
    return lambda case: str(module.EmailReplyParser.parse_reply(text_of(case)))


def quotequail(module: Any) -> Extract:
    """closeio/quotequail."""

    def extract(case: Case) -> str:
        text = text_of(case)
        found = module.unwrap(text)
        return text if found is None else "\n".join(filter(None, (found.get("text_top"), found.get("text_bottom"))))

    return extract


OTHERS: dict[str, tuple[str, Callable[[Any], Extract]]] = {
    "mail-parser-reply": ("mailparser_reply", mail_parser_reply),
    "email-reply-parser": ("email_reply_parser", email_reply_parser),
    "quotequail": ("quotequail", quotequail),
}


def others() -> Iterator[tuple[str, Extract]]:
    """Those that are installed, by name and version; what is missing is said."""
    for package, (module, extractor) in OTHERS.items():
        try:
            yield f"{package} {version(package)}", extractor(import_module(module))
        except ImportError:
            print(f"{package} is not installed and left out; pip install -e '.[bench]' brings it", file=sys.stderr)


# ── measuring ──────────────────────────────────────────────────────────────────────────────────────────────

HEAD = ("extractor", "mails/s", "of relay", "p50 ms", "p99 ms", "slowest ms", "exact", "failed")


@dataclass(slots=True)
class Result:
    """Seconds of each mail, of all rounds; how many were exact, of how many known, and how many raised something."""

    times: list[float]
    exact: int = 0
    known: int = 0
    failed: int = 0

    @property
    def rate(self) -> float:
        """Mails a second."""
        return len(self.times) / sum(self.times)


def measure(extractors: dict[str, Extract], cases: Sequence[Case], rounds: int) -> dict[str, Result]:
    """All extractors in turn, round by round, so that what else the machine does meets all of them."""
    results = {name: Result([]) for name in extractors}
    for number in range(rounds + 1):  # the first one warms up, and is looked at
        for name, extract in extractors.items():
            for case in cases:
                tried(extract, case, results[name], first=number == 0)
    return results


def tried(extract: Extract, case: Case, result: Result, *, first: bool) -> None:
    """Reads one mail."""
    begun = time.perf_counter()
    try:
        text = extract(case)
    except (Refused, Unreadable):
        text = ""
    except Exception:  # noqa: BLE001 - what others raise is counted
        result.failed += first
        text = ""
    if not first:
        result.times.append(time.perf_counter() - begun)
    elif case.required is not None:
        result.known += 1
        result.exact += case.is_exact(text)


def line(name: str, result: Result, of: Result) -> tuple[str, ...]:
    """A row of the table."""
    ordered = sorted(result.times)
    p99 = ordered[min(len(ordered) * 99 // 100, len(ordered) - 1)]
    times = (f"{seconds * 1000:.2f}" for seconds in (statistics.median(ordered), p99, ordered[-1]))
    exact = f"{100 * result.exact / result.known:.1f} %" if result.known else ""
    return name, f"{result.rate:.0f}", f"{result.rate / of.rate:.2f}", *times, exact, str(result.failed or "")


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="how often each mail is read")
    parser.add_argument("cases", type=Path, nargs="?", help="a file of cases beside tests/corpus")
    options = parser.parse_args()
    cases = [*corpus(), *(of_file(options.cases) if options.cases else ())]
    with ReaderProcess() as process:
        results = measure({"relay": relay_beside(process), "relay, here": relay_here, **dict(others())}, cases, options.rounds)
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors; {len(cases)} mails, {options.rounds} times each.\n")
    for cells in (
        HEAD,
        ["-" * len(head) for head in HEAD],
        *(line(name, each, results["relay"]) for name, each in results.items()),
    ):
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
