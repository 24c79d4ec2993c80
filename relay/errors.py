"""What can go wrong with a mail, with the SMTP answer and a text fit for strangers.

`Refused` (5xx) and `Deferred` (4xx) carry a reply code, an RFC 3463 enhanced code and one sentence;
anything else that is raised is a fault of ours and is never shown outside.
"""

from __future__ import annotations

from dataclasses import dataclass


class SmtpError(Exception):
    """A mail or command that gets an answer other than 250.

    >>> str(Refused(550, "5.1.1", "No such address here."))
    '550 5.1.1 No such address here.'
    """

    def __init__(self, code: int, enhanced: str, text: str, limit: str = "") -> None:
        """`limit` is the key in `[limits]` of what was reached."""
        super().__init__(code, enhanced, text)
        self.code, self.enhanced, self.text, self.limit = code, enhanced, text, limit

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.code), self.enhanced, self.text)))


class Refused(SmtpError):
    """Answered 5xx while the sender's server is on the line; nothing of the mail is kept but a log line."""


class Deferred(SmtpError):
    """Answered 4xx: the sender's server keeps the mail and tries again."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in the configuration: where, what was found, what was expected."""

    file: str
    key: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: found {self.found}; expected {self.expected}"


class ConfigError(Exception):
    """The configuration cannot be used; carries every mistake found, not only the first."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))
