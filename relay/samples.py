"""One letter of every kind, made up: `relay check` tries the templates on them, and docs/letters.md shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from relay.model import Action, Attachment, Ball, Brand, Contact, Deadline, Entry, Fact, Letter, LetterKind, Seat

AT = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
_TOKEN = "k3v7q2m5x4c6bzn2z5j7h4g6ab"
_THREAD, _NOTE = f"t-{_TOKEN}@relay.example", f"n-{_TOKEN}@relay.example"
_ANNA, _IVAN, _SERGEI = 0, 1, 2
_NAMES = {
    "en": ("Anna Smith", "Ivan Petrov", "Sergei Orlov"),
    "ru": ("Анна Смирнова", "Иван Петров", "Сергей Орлов"),
}
_PARTIES = {"en": ("Tea Shop", "North Service", "Boiler Works"), "ru": ("Чайная", "Северный сервис", "Котлы и насосы")}
_SUBJECT = {"en": "Pump in the cellar is leaking", "ru": "Течёт насос в подвале"}
_TEXTS = {
    "en": (
        "Good morning,\n\nthe pump in the cellar has been leaking since last night, about a bucket an hour. The floor is wet up "
        "to the second step of the stairs.\n\nCan somebody come today? The shop is open until eight.\n\nAnna",
        "We have looked at it: the seal is worn, and the bearing has play. Do you have both in stock?",
        "Both are here. We can be there tomorrow between 10 and 12; please switch the pump off until then.\n\nSergei",
        "They are under warranty until May, so the parts must not be billed. Let us wait with the offer.",
    ),
    "ru": (
        "Доброе утро!\n\nС ночи течёт насос в подвале, примерно ведро в час. Вода стоит уже до второй ступеньки лестницы."
        "\n\nМожет ли кто-нибудь приехать сегодня? Магазин открыт до восьми.\n\nАнна",
        "Посмотрели: изношено уплотнение, и у подшипника люфт. Есть ли у вас то и другое на складе?",
        "Всё есть. Будем завтра с 10 до 12, до тех пор, пожалуйста, не включайте насос.\n\nСергей",
        "Гарантия у них до мая, так что запчасти в счёт не ставим. С предложением подождём.",
    ),
}
_FACTS = {
    "en": (("Equipment", "Pump KP-40, serial number 1180"), ("Contact", "Peter Leaf, +44 20 7946 0018"), ("Address", "Quay 7")),
    "ru": (
        ("Оборудование", "Насос КП-40, заводской номер 1180"),
        ("Контакт", "Пётр Листов, +7 495 555-00-18"),
        ("Адрес", "Причал 7"),
    ),
}


def letters(language: str) -> dict[LetterKind, Letter]:
    """A letter of each kind in that language, with whatever its template may have to show."""
    language = language if language in _TEXTS else "en"
    made = {kind: _letter(kind, language) for kind in get_args(LetterKind)}
    return {kind: replace(letter, **_MORE[kind](language)) if kind in _MORE else letter for kind, letter in made.items()}


def branded(letter: Letter, brand: Brand) -> Letter:
    """The letter in other colours."""
    return replace(letter, brand=brand)


def _letter(kind: LetterKind, language: str) -> Letter:
    names, parties = _NAMES[language], _PARTIES[language]
    return Letter(
        kind=kind,
        language=language,
        timezone="Europe/Moscow",
        to=Contact("ivan@north.example", names[_IVAN]),
        sender=_THREAD,
        sender_name=f"{names[_ANNA]} ({parties[_ANNA]})",
        return_path=f"b-{_TOKEN}@relay.example",
        message_id=f"<{kind}.{_TOKEN}@relay.example>",
        subject=_SUBJECT[language],
        date=AT,
        number="A-17",
        note=_NOTE,
        references=("<first@tea.example>",),
        entries=(_said(language, _ANNA),),
        seats=(
            Seat(parties[_ANNA], "accepted", "", False, 0),
            Seat(parties[_IVAN], "accepted", "4711", True, 1, True),
            Seat(parties[_SERGEI], "declined", "R-208", False, 2),
        ),
        actions=(Action("resolved"), Action("start"), Action("wait"), Action("decline"), Action("pass", "boiler-works")),
        may_mute=True,
        automatic=kind not in ("comment", "pass", "note"),
    )


def _said(language: str, who: int, hours: int = 0, **more: Any) -> Entry:
    values: dict[str, Any] = {
        "kind": "comment",
        "at": AT + timedelta(hours=hours),
        "who": _NAMES[language][who],
        "party": _PARTIES[language][who],
        "own": who == _IVAN,
        "text": _TEXTS[language][who],
    }
    return Entry(**values | more)


def _file(name: str, kind: str, content: bytes) -> Attachment:
    return Attachment(name, kind, len(content), "", content=content)


def _facts(language: str) -> tuple[Fact, ...]:
    return tuple(Fact(name, value, AT) for name, value in _FACTS[language])


def _comment(language: str) -> dict[str, Any]:
    files = (_file("pump.pdf", "application/pdf", b"%PDF-1.4\n"),)
    status = _said(language, _ANNA, kind="status", text="", data={"to": _PARTIES[language][_IVAN], "status": "accepted"})
    return {"entries": (_said(language, _ANNA, attachments=files), status)}


def _pass(language: str) -> dict[str, Any]:
    parties = _PARTIES[language]
    passed = {"to": parties[_SERGEI], "mine": True}
    return {
        "entries": (_said(language, _ANNA), _said(language, _IVAN, 1, own=False, kind="passed", data=passed)),
        "seats": (
            Seat(parties[_ANNA], "accepted", "", False, 0),
            Seat(parties[_IVAN], "accepted", "4711", False, 1),
            Seat(parties[_SERGEI], "new", "", True, 2, True),
        ),
        "actions": (Action("accept"), Action("decline"), Action("wait"), Action("resolved")),
        "facts": _facts(language),
    }


def _opened(language: str) -> dict[str, Any]:
    parties = _PARTIES[language]
    return {
        "seats": (Seat(parties[_ANNA], "new", "", True, 0), Seat(parties[_IVAN], "new", "", False, 1, True)),
        "entries": (_said(language, _ANNA, own=True),),
        "actions": (Action("close"), Action("cancel")),
        "facts": _facts(language)[:1],
        "data": _taken(language, problems=[], offers=[], cut=""),
    }


def _note(language: str) -> dict[str, Any]:
    return {"entries": (_said(language, _IVAN, internal=True, text=_TEXTS[language][3]),), "actions": ()}


def _receipt(language: str) -> dict[str, Any]:
    return {"entries": (_said(language, _IVAN),), "data": _taken(language, asks=[])}


def _taken(language: str, **more: Any) -> dict[str, Any]:
    return {
        "problems": [{"line": "#pas boiler-works", "reason": "unknown-command", "command": "pass"}],
        "offers": [{"word": "resolved", "argument": ""}],
        "cut": "Ivan Petrov\nNorth Service, +44 20 7946 0101",
        "full": True,
        "told": [_PARTIES[language][_ANNA], _PARTIES[language][_SERGEI]],
        "asks": [{"party": _PARTIES[language][_IVAN], "names": [name for name, _ in _FACTS[language][1:]]}],
        "internal": False,
        **more,
    }


def _history(language: str) -> dict[str, Any]:
    parties = _PARTIES[language]
    moves: tuple[tuple[int, Any, str, dict[str, Any]], ...] = (
        (_IVAN, "status", "", {"to": parties[_IVAN], "status": "waiting", "until": "2026-03-06"}),
        (_IVAN, "reference", "", {"to": parties[_IVAN], "reference": "4711"}),
        (_IVAN, "passed", _TEXTS[language][_IVAN], {"to": parties[_SERGEI], "mine": False}),
        (_SERGEI, "comment", _TEXTS[language][_SERGEI], {"left_out": ["film.mp4"], "kept_back": ["plan.doc"]}),
        (_IVAN, "field", "", {"name": _FACTS[language][0][0], "value": _FACTS[language][0][1], "before": "KP-30"}),
        (_SERGEI, "automatic", "", {"mail": "auto-reply", "since": "2026-03-03", "until": "2026-03-05"}),
        (_SERGEI, "undelivered", "", {"to": parties[_SERGEI], "reason": "expired"}),
        (_IVAN, "comment", _TEXTS[language][3], {"stays": ["old.doc"], "stays_from": [parties[_SERGEI]]}),
        (_SERGEI, "time", "", {"to": parties[_SERGEI], "minutes": 90}),
        (_ANNA, "rating", "", {"to": parties[_IVAN], "stars": 5}),
        (_IVAN, "mute", "", {"muted": True}),
        (_IVAN, "paused", "", {"to": parties[_SERGEI], "mine": False, "until": "2026-03-02T12:00:00+00:00"}),
    )
    told = (_said(language, who, hour, kind=kind, text=text, data=data) for hour, (who, kind, text, data) in enumerate(moves, 1))
    return {"entries": (_said(language, _ANNA), *told), "facts": _facts(language), "deadlines": _dues(language)[1:]}


def _status(language: str) -> dict[str, Any]:
    balls = (Ball(_PARTIES[language][_IVAN], True, AT), Ball(_PARTIES[language][_SERGEI], False, AT))
    return {"entries": (), "balls": balls, "deadlines": _dues(language)}


def _undelivered(language: str) -> dict[str, Any]:
    data = {"to": _PARTIES[language][_SERGEI], "reason": "expired", "others": False, "text": _TEXTS[language][_IVAN]}
    return {"data": data}


def _held(language: str) -> dict[str, Any]:
    who = f"{_NAMES[language][_SERGEI]} <sergei@boiler.example>"
    data = {"state": "asked", "who": who, "where": "A-17", "elsewhere": False, "party": "north", "token": _TOKEN}
    return {"data": data, "subject": "A-17", **_ALONE}


def _postmaster(language: str) -> dict[str, Any]:
    del language  # the postmaster is written to in English
    what = "A letter to sergei@boiler.example could not be delivered"
    details = {"Letter": "208", "Kind": "comment", "Tries": "14", "Server's answer": "550 5.1.1 No such user here"}
    text = "Its author has been told. Remove or correct the contact in [parties.boiler] contacts."
    return {"subject": what, "data": {"what": what, "details": details, "text": text}, **_ALONE}


def _dues(language: str) -> tuple[Deadline, ...]:
    parties = _PARTIES[language]
    late = Deadline(parties[_SERGEI], False, "respond", AT - timedelta(hours=1), over=True)
    return (late, Deadline(parties[_IVAN], True, "resolve", AT + timedelta(hours=3)))


def _due(language: str) -> dict[str, Any]:
    return {"entries": (), "deadlines": _dues(language), "actions": (Action("wait"), Action("resolved"))}


def _digest(language: str) -> dict[str, Any]:
    rows = [
        _row(language, "overdue", 17, hours=70, due=-2, held=((_IVAN, 3000), (_SERGEI, 900), (_ANNA, 300)), last=_SERGEI),
        _row(language, "yours", 21, hours=30, due=20, held=((_IVAN, 1800),), last=_ANNA),
        _row(language, "new", 23, hours=3, held=((_SERGEI, 180),)),
        _row(language, "others", 9, hours=240, held=((_IVAN, 2880), (_SERGEI, 11520)), last=_SERGEI),
    ]
    said = {
        "asked": False,
        "unheard": False,
        "again": False,
        "muted": False,
        "at": AT.isoformat(),
        "since": (AT - timedelta(days=1)).isoformat(),
    }
    data = {"party": "north", "name": _PARTIES[language][_IVAN], **said, "event": 208, "more": 0, "rows": rows}
    return {"data": data, "subject": "", "sender": "digest@relay.example", "sender_name": "Relay", **_ALONE, "may_mute": True}


def _row(
    language: str,
    section: str,
    number: int,
    *,
    hours: int,
    held: tuple[tuple[int, int], ...],
    due: int | None = None,
    last: int | None = None,
) -> dict[str, Any]:
    """A row of a digest: `held` are (who, minutes), the first has the ball; `due` is in hours from now."""
    parties, since = _PARTIES[language], (AT - timedelta(hours=hours)).isoformat()
    holder = held[0][0] if section in ("overdue", "yours") else _SERGEI
    words = None if last is None else {"who": _NAMES[language][last], "party": parties[last], "at": since}
    return {
        "section": section,
        "number": f"A-{number}",
        "subject": _SUBJECT[language],
        "reference": str(4694 + number),
        "status": "new" if section == "new" else "waiting" if section == "others" else "accepted",
        "until": "2026-03-06" if section == "others" else "",
        "thread": _THREAD,
        "since": since,
        "new": section == "new",
        "due": None if due is None else (AT + timedelta(hours=due)).isoformat(),
        "balls": [{"party": parties[holder], "own": holder == _IVAN, "since": since}],
        "seats": [{"party": parties[_SERGEI], "status": "accepted", "reference": "R-208"}],
        "last": words and words | {"words": " ".join(_TEXTS[language][last or 0].split())},
        "held": [{"party": parties[who], "own": who == _IVAN, "minutes": minutes} for who, minutes in held],
        "actions": [{"word": word, "argument": ""} for word in ("wait", "resolved")] if holder == _IVAN else [],
    }


def _report(language: str) -> dict[str, Any]:
    parties = _PARTIES[language]
    rows = [
        _sum(parties[_IVAN], parties[_ANNA], held=5400, received=14, stars=4.6),
        _sum(parties[_SERGEI], parties[_IVAN], held=2100, received=5, stars=None),
    ]
    data = {"state": "asked", "period": "2026-02", "rows": rows, "party": "north", "token": _TOKEN}
    file = _file("report-2026-02.csv", "text/csv", b"name,received\r\n")
    sender = {"sender": f"s-{_TOKEN}@relay.example", "sender_name": "Relay", "attachments": (file,)}
    return {"data": data, "subject": "2026-02", **sender, **_ALONE}


def _sum(name: str, upstream: str, *, held: int, received: int, stars: float | None) -> dict[str, Any]:
    """A row of a report."""
    counts = {"received": received, "taken": received - 1, "declined": 1, "resolved": received - 2, "reopened": 1}
    times = {"response_median": 35, "response_90": 110, "resolve_median": 640, "resolve_90": 1900, "held": held, "spent": 1830}
    kept = {"respond_kept": received - 1, "respond_due": received, "resolve_kept": received - 3, "resolve_due": received - 2}
    named = {"name": name, "upstream": upstream, "link": "", "ratings": 5 if stars else 0, "stars": stars}
    return named | counts | times | kept


_ALONE: dict[str, Any] = {
    "number": "", "note": "", "references": (), "entries": (), "seats": (), "actions": (), "may_mute": False,
}  # fmt: skip
_WORDLESS: dict[str, Any] = {"entries": ()}
_MORE = {
    "comment": _comment,
    "pass": _pass,
    "opened": _opened,
    "note": _note,
    "receipt": _receipt,
    "history": _history,
    "status": _status,
    "help": lambda language: _WORDLESS,
    "undelivered": _undelivered,
    "held": _held,
    "moved": lambda language: _WORDLESS,
    "postmaster": _postmaster,
    "digest": _digest,
    "due": _due,
    "report": _report,
}
