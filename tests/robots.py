"""Programs behind the sink that answer letters, or hand them on, without a header that says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from tests.harness import Received, Relay, Sink, until, write

Program = Callable[[Received], None]


class Robots:
    """Runs, while it is entered, the programs of these addresses on the letters to them, as they arrive at the sink."""

    def __init__(self, sink: Sink, programs: Mapping[str, Program]) -> None:
        self._sink, self._programs, self._done = sink, programs, len(sink.received)
        self._stopped, self._failed = threading.Event(), ""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Robots:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        assert not self._failed, self._failed

    def _run(self) -> None:
        while not self._stopped.wait(0.005):
            while self._done < len(self._sink.received):
                letter = self._sink.received[self._done]
                self._done += 1
                if program := self._programs.get(letter.recipient.lower()):
                    self._run_one(program, letter)

    def _run_one(self, program: Program, letter: Received) -> None:
        try:
            program(letter)
        except Exception as error:  # noqa: BLE001 - told when the test ends
            self._failed = f"{letter.recipient}: {type(error).__name__}: {error}"


def answering(relay: Relay, me: str, words: Callable[[Received], str]) -> Program:
    """A program that answers every letter with such words, under an id of its own."""

    def answer(letter: Received) -> None:
        mail = write(me, letter.thread, words(letter), "Your message")
        code, said = relay.send(mail, me, letter.thread)
        assert code == 250, said

    return answer


def quiet(sink: Sink, seconds: float = 3.0) -> int:
    """Waits until no letter has come for that long; how many there are."""
    until(lambda: bool(sink.received) and time.monotonic() - sink.received[-1].at > seconds, "quiet", 60)
    return len(sink.received)
