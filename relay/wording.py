"""What the relay says and in which language: templates by jinja2, sentences by gettext.

The English sentence is the key; `templates/LANGUAGE.po` holds the others, read at start; the words of commands are in
`keywords`. A folder of the admin's stands before the built-in one, file by file, and its catalogues before the built-in
ones, sentence by sentence. Where a template of the admin's fails, the letter is made with the built-in ones alone.
"""

from __future__ import annotations

import gettext
import io
import re
import traceback
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import jinja2
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal
from babel.units import format_unit

import relay
from relay import keywords
from relay.styling import Styled

_FACT = re.compile(r"%\((\w+)\)s")
_PO_LINE = re.compile(r'\s*(?:#.*|(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?)\s*)?"(?:[^"\\]|\\.)*"\s*)?')
SOURCE = "en"  # the language of the templates themselves

# A command's word: what it does, and what stands after it where the letter gives no argument.
COMMANDS: dict[str, tuple[str, str]] = {
    "accept": ("take the ticket", ""),
    "decline": ("give the ticket back", "reason"),
    "start": ("the work has begun", ""),
    "wait": ("put the ticket on hold", "until friday, reason"),
    "resolved": ("the work is done", ""),
    "close": ("take the work as done", ""),
    "reopen": ("send it back for rework", "reason"),
    "cancel": ("withdraw the ticket", "reason"),
    "pass": ("pass the ticket on", "LINK"),
    "internal": ("keep this mail among your colleagues", ""),
    "ref": ("your own number of the ticket", "NUMBER"),
    "rate": ("rate the work, from 1 to 5", "5"),
    "time": ("time spent", "1h30m"),
    "field": ("a fact that travels with the ticket", "NAME: VALUE"),
    "history": ("get the whole conversation as one mail", ""),
    "status": ("see where the ticket stands", ""),
    "full": ("send on what was cut from your last mail", ""),
    "mute": ("stop the mails of this ticket to you", ""),
    "digest": ("see what waits for whom in all your tickets", ""),
    "help": ("get the list of commands", ""),
}

# What may be answered to the question about a held mail.
ANSWERS: dict[str, str] = {
    "yes": "one of ours: the mail goes on, and so do those to come",
    "once": "this mail goes on, and no other",
    "no": "nothing of it goes on",
}

LENGTHS = {"day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}

# What may be answered to a report.
STATEMENTS: dict[str, str] = {
    "confirm": "the figures are right",
    "dispute": "they are not; please say what is wrong",
}

# Why something in a mail was not done as written: what happened, and what to do.
PROBLEMS: dict[str, str] = {
    "unknown-command": "This is not a command we know. It changed nothing and stayed in your text as it stands.",
    "several-commands": "More than one # stands on this line, so it is not clear what is meant. It changed nothing and stayed in "
    "your text as it stands. Please give each command a line of its own.",
    "in-signature": "This stands in your signature, where no command is read. It changed nothing. Please write it above.",
    "words-left": "The command was carried out, but what stands after it on its line was sent to nobody. If the others are to "
    "read it, please write it on a line of its own.",
    "remark-not-shared": "These words stay with you: the link to the other side of this ticket shares no statuses. If the others "
    "are to read them, please write them on a line of their own.",
    "unknown-link": "You have no link of this name, so the ticket was not passed on.",
    "link-not-yours": "This is not a link of yours, so the ticket was not passed on.",
    "already-passed": "The ticket is already with %(party)s over this link, so it was not passed on a second time.",
    "pass-internal": "An internal mail cannot pass the ticket on. To pass it "
    "on, send the command in a mail that is not internal.",
    "loop": "Over this link the ticket would go round in a circle, so it was not passed on.",
    "too-deep": "This ticket has been passed on as many times as is possible, so it was not passed on again.",
    "internal-suspected": "A line of your mail looks like a misspelt #internal, so the whole mail was kept internal: only your "
    "colleagues see it. If everyone was meant to get it, please send it again without that line.",
    "foreign-address": "An address among the recipients belongs to another party's ticket and was left out of account. "
    "Please write to the address that our mails to you come from.",
    "ended": "The ticket is over, so it was not passed on.",
    "not-shared": "What you wrote stays with you: the link to the other side of this ticket shares no comments.",
    "file-stays": "The file stays with you: the link to %(party)s shares no attachments (%(file)s).",
    "file-stops": "The file did not reach %(party)s: a link on the way shares no attachments (%(file)s).",
    "file-names": "The file did not reach %(party)s: it may name who made it, and that cannot be taken out of such a file. As a "
    "PDF it can be passed on (%(file)s).",
    "not-your-fact": "“%(name)s: %(value)s” comes from another party, so it was not changed; your words have gone out "
    "as they are.",
    "withheld": "The file %(file)s carries addresses that are yours alone, so it was not sent on. If its text matters to the "
    "others, please put it into your mail.",
    "file-program": "The file %(file)s was not sent on: it is a program, a script or a shortcut, which may do harm when somebody "
    "opens it. If it is needed, please give it to the others in another way.",
    "file-disguised": "The file %(file)s was not sent on: it is a program, and its name makes it look like something else. If "
    "you did not mean to send a program, please have your computer looked at.",
    "file-in-archive": "The file %(file)s was not sent on: there is a program, a script or a shortcut in this archive, which may "
    "do harm when somebody opens it. Please send the other files without it.",
    "file-infected": "The file %(file)s was not sent on: the virus scanner says that it is infected. Please have the computer "
    "looked at that it comes from.",
    "file-too-large": "The file %(file)s was not sent on: it is too large for the virus scanner. Please send it in smaller "
    "parts, or give it to the others in another way.",
    "internal-mail": "An internal mail changes nothing that others see. Send the command in a mail that is not internal.",
    "too-long": "This is too long: a command takes at most %(most)s characters.",
    "not-here": "This is not yours to do: it is for the other side of the ticket.",
    "wrong-status": "This cannot be done now: the ticket is “%(status)s”.",
    "which": "You have passed this ticket on more than once, so please say which one you mean, as below.",
    "conflict": "These commands contradict each other, so none of them was carried out.",
    "no-argument": "Something is missing after the command.",
    "no-value": "Please write the name of the fact, a colon and its value, like “Equipment: pump 3”.",
    "no-stars": "A rating is a number from 1 to 5.",
    "no-duration": "Please write the time spent like 1h30m.",
    "full-hidden": "What was cut quotes letters that not everyone may see, so it was not sent on. Please send the "
    "words themselves once more.",
    "nothing-cut": "Nothing was cut from your last mail.",
    "nothing-new": "We found neither new text nor files in your mail, so nothing was sent on. If you did write something, "
    "please send it again, above the quoted mail.",
}
GENERIC = "This could not be done as written. It changed nothing; the rest of your mail was taken as usual."
# More to say about a problem where these facts are given.
HINTS: dict[str, str] = {"nearest": "Did you mean “%(nearest)s”?", "links": "Your links: %(links)s."}

# The parts of a time spent.
UNITS: dict[str, str] = {"hours": "%(hours)s h", "minutes": "%(minutes)s min"}

# Why a letter was not delivered: codes, never a server's own words, which may name what lies behind a hidden link.
FAILURES: dict[str, str] = {
    "refused": "the mail server there refused it",
    "bounced": "the mail server there sent it back",
    "expired": "the mail server there did not take it in time",
    "unreadable": "the mail could not be put together",
}
UNDELIVERED = "it could not be delivered"


class TemplateError(Exception):
    """A template or catalogue cannot be used: which file, which line, and why."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(file, line, reason)
        self.file, self.line, self.reason = file, line, reason

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


def builtin() -> Path:
    """The folder of built-in templates: inside the installed package, or beside it in a checkout."""
    inside = Path(relay.__file__).parent / "templates"
    return inside if inside.is_dir() else inside.parent.parent / "templates"


def languages(templates: Path | None) -> dict[str, Language]:
    """Every language there is a catalogue of, by code, and the source language."""
    folders = [folder for folder in (templates, builtin()) if folder is not None]
    codes = {path.stem for folder in folders for path in folder.glob("*.po")}
    return {code: Language(code, folders) for code in sorted(codes | {SOURCE})}


class Language:
    """One language of the relay: its templates, sentences, words and dates. Catalogues that are `broken` are left out."""

    def __init__(self, code: str, folders: list[Path]) -> None:
        self.code = code
        self.locale = _locale(code)
        self.broken: list[TemplateError] = []
        self._folders = folders
        self._catalogue = self._catalogues(folders)
        self._own = self._environment(folders, self._catalogue)
        self._builtin = self._environment(folders[-1:], self._catalogues(folders[-1:])) if folders[1:] else self._own

    def _catalogues(self, folders: list[Path]) -> gettext.NullTranslations:
        """The admin's catalogue before the built-in one before the source itself."""
        catalogue = gettext.NullTranslations()
        for path in (folder / f"{self.code}.po" for folder in reversed(folders)):
            if path.is_file():
                try:
                    translations = _read(path)
                except TemplateError as error:
                    self.broken.append(error)
                    continue
                translations.add_fallback(catalogue)
                catalogue = translations
        return catalogue

    def render(self, name: str, values: Mapping[str, object], *, builtin: bool = False) -> str:
        """The template of that file name, or the built-in one. Raises TemplateError with the template's file and line."""
        try:
            return (self._builtin if builtin else self._own).get_template(name).render(values)
        except Exception as error:
            raise _located(error, name, self._folders) from error

    def _environment(self, folders: list[Path], catalogue: gettext.NullTranslations) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(folder) for folder in folders]),
            autoescape=jinja2.select_autoescape(("html",)),
            undefined=jinja2.StrictUndefined,
            extensions=["jinja2.ext.i18n", Styled],
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
        environment.filters["moment"] = self.moment
        return environment

    def moment(self, at: datetime, timezone: str) -> str:
        """A date and time as the reader writes them: "3 мар. 2025 г., 14:05"."""
        zone = get_timezone(timezone)
        day = format_date(at.astimezone(zone).date(), "medium", locale=self.locale)
        clock = format_time(at, "short", tzinfo=zone, locale=self.locale)
        return f"{day}, {clock}".replace("\u202f", "\xa0")  # few fonts have the narrow space

    def day(self, iso: str) -> str:
        """A day, given as ISO 8601, as the reader writes it."""
        return format_date(date.fromisoformat(iso), "medium", locale=self.locale)

    def month(self, iso: str) -> str:
        """A month, given like "2026-11", as the reader writes it: "November 2026"."""
        return format_date(date.fromisoformat(f"{iso}-01"), "LLLL y", locale=self.locale)

    def duration(self, minutes: int) -> str:
        """A time spent: "1 h 30 min"."""
        hours, rest = divmod(minutes, 60)
        parts = [("hours", hours)] * bool(hours) + [("minutes", rest)] * bool(rest or not hours)
        return " ".join(self._catalogue.gettext(UNITS[unit]) % {unit: count} for unit, count in parts)

    def about(self, time: timedelta) -> str:
        """A time in its largest unit up to days: "30 days"."""
        unit, length = next(((unit, length) for unit, length in LENGTHS.items() if time >= length), ("minute", LENGTHS["minute"]))
        return format_unit(time // length, unit, locale=self.locale)

    def number(self, number: float) -> str:
        """A number as the reader writes it: "4,6"."""
        return format_decimal(number, locale=self.locale)

    def say(self, sentence: str) -> str:
        """One sentence, given in English."""
        return self._catalogue.gettext(sentence)

    def status(self, status: str) -> str:
        """A ticket's status in words."""
        return self._catalogue.pgettext("status", status)

    def command(self, word: str, argument: str = "") -> str:
        """A command as one writes it: "#передать repairs"."""
        return f"#{keywords.spelling(self.code, word)} {argument}".rstrip()

    def answer(self, word: str) -> str:
        """An answer to the question about a held mail, or to a report, as one writes it."""
        return keywords.answer(self.code, word)

    def meaning(self, word: str) -> tuple[str, str]:
        """What a command does, and a placeholder for its argument; both "" for a word not known."""
        meaning, argument = COMMANDS.get(word, ("", ""))
        return (meaning and self._catalogue.gettext(meaning)), (argument and self._catalogue.pgettext("argument", argument))

    def problem(self, data: Mapping[str, object]) -> str:
        """The sentence for a problem {"reason": code, …}; a general one for a code not known."""
        values = defaultdict(str, {key: str(value) for key, value in data.items()})
        values["status"] = self.status(values["status"]) if values["status"] else ""
        values["nearest"] = self.command(values["command"]) if values["command"] else values["nearest"]
        sentences = [PROBLEMS.get(values["reason"], GENERIC), *(hint for fact, hint in HINTS.items() if values[fact])]
        return " ".join(self._catalogue.gettext(sentence) % values for sentence in sentences)

    def failure(self, reason: str) -> str:
        """Why a letter was not delivered, as a part of a sentence; a general one for a code not known."""
        return self._catalogue.gettext(FAILURES.get(reason, UNDELIVERED))


def _locale(code: str) -> Locale:
    try:
        return Locale.parse(code, sep="-" if "-" in code else "_")
    except (UnknownLocaleError, ValueError):
        return Locale(SOURCE)


def text_of(path: Path) -> str:
    """What a file of templates says. Raises TemplateError with the line that is not UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _undecoded(path, error) from error


def _undecoded(path: Path, error: UnicodeDecodeError) -> TemplateError:
    line = error.object.count(b"\n", 0, error.start) + 1
    return TemplateError(str(path), line, f"the byte 0x{error.object[error.start]:02x} is not UTF-8")


def _read(path: Path) -> gettext.GNUTranslations:
    compiled = io.BytesIO()
    text = text_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        if not _PO_LINE.fullmatch(line):
            raise TemplateError(str(path), number, f"{line[:60]!r} is no line of a catalogue")
    try:
        found = read_po(io.StringIO(text), abort_invalid=True)
    except (PoFileError, ValueError, LookupError) as error:
        raise TemplateError(str(path), getattr(error, "lineno", 0) + 1, str(error)) from error
    for message in found:
        if wrong := _misspelt(message):
            raise TemplateError(str(path), message.lineno or 0, wrong)
    write_mo(compiled, found)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _misspelt(message: Message) -> str:
    """What the sentence says with a fact that the English one has not, or with a sign that makes no fact; "" for nothing."""
    if not message.id or not isinstance(message.id, str) or not message.string:
        return ""
    facts = dict.fromkeys(_FACT.findall(message.id), "")
    try:
        str(message.string) % facts
    except KeyError as error:
        return f"the fact {error} is not in the English sentence"
    except (ValueError, TypeError):
        return "a % that makes no fact; write %% for the sign"
    return ""


def _located(error: Exception, name: str, folders: Sequence[Path]) -> TemplateError:
    """The error with the place in the template it comes from: the innermost template line of the traceback."""
    if isinstance(error, UnicodeDecodeError):
        files = (path for folder in folders for path in folder.iterdir() if path.is_file())
        return _undecoded(next((path for path in files if path.read_bytes() == error.object), Path(name)), error)
    if isinstance(error, jinja2.TemplateSyntaxError):
        return TemplateError(error.filename or error.name or name, error.lineno, error.message or "syntax error")
    frames = traceback.extract_tb(error.__traceback__)
    places = [(frame.filename, frame.lineno or 0) for frame in frames if Path(frame.filename).suffix in (".txt", ".html")]
    return TemplateError(*(places[-1] if places else (name, 0)), f"{type(error).__name__}: {error}")
