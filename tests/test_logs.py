"""The log: what it must never hold, whatever goes wrong."""

from __future__ import annotations

import io
import json
import logging
import re
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import address, logs
from tests.harness import DOMAIN, Relay, Sink, until, write
from tests.test_delivery import report
from tests.test_workflow import ANNA, INTAKE, IVAN, OLGA, SERGEI

TOKEN = "abcdefghijklmnopqrstuvwxy7"
PASSWORD = "s3cret-Pass:word"
URL = f"smtp://relay:{quote(PASSWORD)}@mx.example:587/"
tokens = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26)
prefixes = st.sampled_from(["t", "n", "b", "h", "T", "N"])


class Terminal(io.StringIO):
    """A stream that says it is one for eyes."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The logging of the tests' own process, as it was."""
    import structlog

    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


# ── what is veiled ─────────────────────────────────────────────────────────────────────────────────────────


@given(
    prefixes,
    tokens,
    st.sampled_from(["", "<", "%3C", "=3C", "SRS0=x=y=", "x", "_", "'"]),
    st.sampled_from(["@r.example", "", "%40r"]),
)
def test_a_token_is_shortened_whatever_stands_around_it(prefix: str, token: str, before: str, after: str) -> None:
    said = logs.veil(f"{before}{prefix}-{token}{after} {before}{prefix}%2D{token}{after}")
    assert token not in said and f"{prefix}-{token[:5]}…" in said


@given(tokens)
def test_a_token_alone_is_one_too_and_a_message_id_stays(token: str) -> None:
    assert logs.veil(f"Key (thread)=({token}) already exists") == f"Key (thread)=({token[:5]}…) already exists"
    assert logs.veil(f"<{token}@{DOMAIN}>") == f"<{token}@{DOMAIN}>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (URL, "smtp://relay:***@mx.example:587/"),
        (f"cannot use '{URL}'", "cannot use 'smtp://relay:***@mx.example:587/'"),
        ("postgresql://relay:p@ss@db.example/relay", "postgresql://relay:***@db.example/relay"),
        (
            "postgresql://db/relay?user=relay&password=hidden&sslmode=on",
            "postgresql://db/relay?user=relay&password=***&sslmode=on",
        ),
        ("host=db password=hidden dbname=relay", "host=db password=*** dbname=relay"),
        ("https://files.example:8080/a@b", "https://files.example:8080/a@b"),
        ("smtp://mx.example:25", "smtp://mx.example:25"),
        ("ivan@north.example: 550 5.1.1", "ivan@north.example: 550 5.1.1"),
    ],
)
def test_passwords_are_stars_and_the_rest_stays(text: str, shown: str) -> None:
    assert logs.veil(text) == shown


@given(tokens, prefixes)
def test_the_brief_form_is_that_of_an_address(token: str, prefix: str) -> None:
    assert logs.veil(f"{prefix}-{token}@{DOMAIN}") == address.brief(f"{prefix}-{token}@{DOMAIN}")


# ── every line ─────────────────────────────────────────────────────────────────────────────────────────────


class Odd:
    def __repr__(self) -> str:
        return f"<Odd t-{TOKEN}@{DOMAIN} {URL}>"


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_every_value_however_deep_and_tracebacks(stream: type[io.StringIO]) -> None:
    out = stream()
    log = logs.configure(out)
    secret = f"n-{TOKEN}@{DOMAIN}"
    log.info(
        "deep", odd=Odd(), many=[secret, {secret: (secret, {URL})}], raw=secret.encode(), number=7, path=Path(f"/x/{secret}")
    )
    try:
        raise ValueError(f"no {secret} at {URL}")
    except ValueError:
        log.exception("failed", bound=secret)
    said = out.getvalue()
    assert TOKEN not in said and PASSWORD not in said and quote(PASSWORD) not in said
    assert "n-abcde…@" in said and "ValueError" in said and "test_logs.py" in said


def test_a_terminal_shows_no_variables_of_a_traceback() -> None:
    out = Terminal()
    log = logs.configure(out)
    words = "what nobody else may read"
    try:
        raise ValueError(len(words))
    except ValueError:
        log.exception("failed")
    assert words not in out.getvalue().replace("\n", "") or "words = " not in out.getvalue()
    assert "ValueError" in out.getvalue()


def test_values_keep_their_kind() -> None:
    out = io.StringIO()
    logs.configure(out).info("line", count=3, off=False, none=None, share=0.5, ports=[25, 26], detail={"a": 1})
    (line,) = lines(out)
    assert (line["count"], line["off"], line["none"], line["share"]) == (3, False, None, 0.5)
    assert (line["ports"], line["detail"], line["event"], line["level"]) == ([25, 26], {"a": 1}, "line", "info")


def test_libraries_are_veiled_too() -> None:
    out = io.StringIO()
    logs.configure(out)
    try:
        raise OSError(f"b-{TOKEN}@{DOMAIN}")
    except OSError:
        logging.getLogger("library").exception("cannot reach %s", URL)
    logging.getLogger("library").info("not of interest")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"odd address t-{TOKEN}", stacklevel=1)
    said = out.getvalue()
    assert "OSError: b-abcde…@" in said and "relay:***@mx.example" in said and "odd address t-abcde…" in said
    assert TOKEN not in said and quote(PASSWORD) not in said and "not of interest" not in said


# ── a running relay ────────────────────────────────────────────────────────────────────────────────────────


def test_a_whole_life_leaves_no_token_no_password_and_no_words_in_the_log(
    make_relay: Callable[..., Relay], sink: Sink, tmp_path: Path
) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    relay = make_relay()
    relay.config.write_text(relay.config.read_text().replace('name = "Acme', f'templates = "{templates}"\nname = "Acme'))
    relay.start()
    _conversation(relay, sink)
    _lost_file(relay, sink)
    _broken_templates(relay, templates)
    _failing_smarthost(relay)
    relay.stop()
    _database_away(relay)
    tokens = {
        token.decode().lower() for letter in sink.received for token in re.findall(rb"(?i)[tnbhs]-([a-z2-7]{26})", letter.raw)
    }
    tokens |= {letter.return_path.partition("@")[0][2:] for letter in sink.received}
    assert len(tokens) > 5
    for event in (
        "mail_settled",
        "mail_refused",
        "letter_sent",
        "letter_deferred",
        "letter_cannot_be_written",
        "template_broken",
    ):
        assert event in relay.log, event
    assert [token for token in tokens if re.search(rf"(?i)[tnbhs]-{token}", relay.log)] == []
    for secret in (PASSWORD, quote(PASSWORD), quote(PASSWORD, safe="")):
        assert secret not in relay.log
    for words in ("pump leaks", "Seal ring", "Nobody but us", "I am away", "user unknown here"):
        assert words.lower() not in relay.log.lower(), words
    for line in relay.log.splitlines():
        assert line.startswith(("{", "relay: ")), line


def _conversation(relay: Relay, sink: Sink) -> None:
    """An opening, an answer, a note, commands, refusals, a bounce, an automatic answer, and a letter that is refused."""
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    letter = sink.wait(IVAN)
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, "#pass fix Seal ring needed", answering=letter), IVAN, letter.thread)
    relay.send(write(f"Ivan <{IVAN}>", letter.note, "Nobody but us."), IVAN, letter.note)
    passed = sink.wait(SERGEI)
    for sender, to in (("eve@strange.example", passed.thread), (IVAN, f"t-{TOKEN}@{DOMAIN}"), (passed.thread, passed.thread)):
        assert relay.send(write(sender, to, "The pump leaks no more."), sender, to)[0] == 550
    sink.answers[OLGA] = [f"550 5.1.1 no {letter.thread} here, nor {letter.return_path}"]
    away = write(f"Ivan <{IVAN}>", letter.thread, "I am away.", subject="Automatic reply: x", Auto_Submitted="auto-replied")
    relay.send(away, "", letter.thread)
    relay.send(report(passed, "failed", "5.1.1", "user unknown here"), "", passed.return_path)
    relay.send(write(f"Anna <{ANNA}>", sink.wait(ANNA).thread, "Seal ring #3 then?"), ANNA, sink.wait(ANNA).thread)
    until(lambda: "letter_refused" in relay.log, "the refusal of a letter")


def _lost_file(relay: Relay, sink: Sink) -> None:
    sink.answers[IVAN] = ["450 4.2.1 later"]
    mail = write(f"Anna <{ANNA}>", INTAKE, "See the plan.")
    mail.add_attachment(b"plan", maintype="application", subtype="pdf", filename="plan.pdf")
    relay.send(mail, ANNA, INTAKE)
    until(lambda: any(letter["reason"] for letter in relay.json("queue", "list")), "the deferral")
    for blob in (path for path in (relay.folder / "data" / "blobs").rglob("*") if path.is_file()):
        blob.unlink()
    relay.cli("queue", "retry", "--all")
    until(lambda: "letter_cannot_be_written" in relay.log, "a letter that cannot be written")


def _broken_templates(relay: Relay, templates: Path) -> None:
    (templates / "pass.txt").write_text("{{ no.such.thing }}")
    _reload(relay, "configuration_reloaded")
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The other pump leaks."), ANNA, INTAKE)
    until(lambda: "template_broken" in relay.log, "a template that cannot be used")
    (templates / "ru.po").write_text(f'msgid "{TOKEN}"')
    _reload(relay, "configuration_not_reloaded")
    (templates / "ru.po").unlink()
    (templates / "pass.txt").unlink()


def _failing_smarthost(relay: Relay) -> None:
    """One that takes no password, and one whose URL cannot be read."""
    good = relay.config.read_text()
    relay.config.write_text(good.replace("smtp://127.0.0.1", f"smtp://relay:{quote(PASSWORD, safe='')}@127.0.0.1"))
    _reload(relay, "configuration_reloaded")
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "A third pump leaks."), ANNA, INTAKE)
    until(lambda: "letter_deferred" in relay.log, "a letter that is deferred")
    relay.config.write_text(good.replace("smtp://127.0.0.1", f"smtp://relay:{PASSWORD}@mx/x"))
    _reload(relay, "configuration_not_reloaded")
    relay.config.write_text(good)


def _database_away(relay: Relay) -> None:
    """A start without its database, whose URL has a password; what it says goes into the same log."""
    url = f"postgresql://relay:{quote(PASSWORD, safe='')}@127.0.0.1:9/relay"
    relay.config.write_text(relay.config.read_text().replace('name = "Acme', f'database = "{url}"\nname = "Acme'))
    done = relay.cli("serve")
    assert done.returncode == 1 and "127.0.0.1" in done.stderr
    with (relay.folder / "log").open("a") as log:
        log.write(done.stdout + done.stderr)


def _reload(relay: Relay, event: str) -> None:
    assert relay.process is not None
    before = relay.log.count(event)
    relay.process.send_signal(signal.SIGHUP)
    until(lambda: relay.log.count(event) > before, event)
