"""The command lines that people write, each with a canary in every place that takes words, and what it makes of the canary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tests.canaries import Canary, found_in

if TYPE_CHECKING:
    from tests.scenes import Scene

Word = Literal[
    "", "accept", "decline", "start", "wait", "resolved", "close", "reopen", "cancel", "ref", "rate", "time", "field",
    "wanted", "status", "history", "help", "full", "mute", "misspelt", "sounds done",
]  # fmt: skip
WORDS: tuple[Word, ...] = Word.__args__  # type: ignore[attr-defined]
UPSTREAM = {"close", "reopen", "cancel"}
QUIET = {"status", "history", "help", "mute"}  # without other words these are the writer's own affair
NAMES = ("Модель", "Serial", "Address")


def lines(scene: Scene, word: Word) -> list[str]:
    """What one writes for that command at that scene's ticket."""
    if word in QUIET or word == "full":
        return [f"#{word}"]
    if not word:
        return []
    if word == "misspelt":
        return [f"#acept {scene.canary('text', 'misspelt line')}"]
    if word == "sounds done":
        return ["Готово, заменили блок."]
    if word == "wanted":
        return _wanted(scene)
    return [_line(scene, word)]


def _line(scene: Scene, word: Word) -> str:
    if word == "ref":
        return f"#ref {scene.canary('reference', 'number')}"
    if word == "field":
        return f"#field {NAMES[scene.act.pen]}: {scene.canary('field', 'value')}"
    if word == "time":
        row = scene.world.tickets.get(scene.id)
        return f"#time 1h30m {scene.canary('beside', 'time spent', row.parent_id or 0 if row else 0)}"
    if word == "rate":
        return f"#оценка {_below(scene)}4 {scene.canary('beside', 'rating', _below_id(scene))}"
    reason = scene.canary("reason", f"reason of {word}")
    if word in UPSTREAM:
        return f"#{word} {_below(scene) if scene.world.tickets[scene.id].parent_id else ''}{reason}" if _exists(scene) else ""
    return f"#wait until 2031-12-05 {reason}" if word == "wait" else f"#{word} {reason}"


def _exists(scene: Scene) -> bool:
    return scene.id in scene.world.tickets


def _children(scene: Scene) -> list[int]:
    return [row.id for row in scene.world.tickets.values() if row.parent_id == scene.id]


def _below_id(scene: Scene) -> int:
    below = _children(scene)
    return below[scene.act.seat % len(below)] if below else 0


def _below(scene: Scene) -> str:
    """The link of one of those that the ticket was passed on to."""
    below = _below_id(scene)
    return f"{scene.world.tickets[below].link} " if below else ""


def _wanted(scene: Scene) -> list[str]:
    """Lines with what the party's own links want to know; they stand in the comment, too."""
    names = dict.fromkeys(name for link in scene.world.links_from(scene.party) for name in link.fields)
    return [f"{name}: {_value(scene, name)}" for name in list(names)[:2]]


def _value(scene: Scene, name: str) -> str:
    value = scene.canary("text", "wanted value")
    if scene.spoken:
        for made in (value, *found_in(name)):
            scene.world.say(made, Canary("text", scene.party, scene.id), Canary("field", scene.party, scene.id))
    return value
