"""Commands in a subject, as a mailto link may put them there."""

from __future__ import annotations

from email.header import Header

import pytest

from relay.mail.reader import read, read_body
from relay.model import Mail
from tests.mail.samples import mail


def sent(subject: str, body: str = "") -> Mail:
    """A mail of that subject, as it is read."""
    encoded = Header(subject, "utf-8").encode(linesep="\r\n")
    return read(mail(body, f"Subject: {encoded}", "Content-Type: text/plain; charset=utf-8"))


def words(found: Mail) -> list[tuple[str, str]]:
    return [(command.word, command.argument) for command in found.commands]


@pytest.mark.parametrize(
    ("subject", "command"),
    [
        ("#mute", ("mute", "")),
        ("#тихо", ("mute", "")),
        ("  # Тихо ", ("mute", "")),
        ("#internal", ("internal", "")),
        ("＃внутреннее", ("internal", "")),
        ("#В работе", ("start", "")),
        ("#wait until friday no part", ("wait", "until friday no part")),
        ("#pass north Please take this.", ("pass", "north Please take this.")),
    ],
)
@pytest.mark.parametrize("body", ["", "\r\n", "-- \r\nIvan Petrov", "Отправлено с iPhone"])
def test_a_subject_that_is_a_command_counts(subject: str, command: tuple[str, str], body: str) -> None:
    found = sent(subject, body)
    assert (words(found), found.text, found.unknown) == ([command], "", ())
    assert found.subject == subject.strip()


@pytest.mark.parametrize(
    "subject",
    [
        "Re: #accept",
        "Fwd: #accept",
        "Re: [A-17] #accept leak",
        "[A-17] #accept",
        "[A-17] Re: #internal",
        "RE: AW: #mute",
        "#5 pump",
        "# 5",
        "pump #accept",
        "#насос стоит",
        "accept",
        "##accept",
        "",
    ],
)
def test_other_subjects_command_nothing(subject: str) -> None:
    found = sent(subject, "The pump leaks.")
    assert (found.commands, found.unknown) == ((), ())


@pytest.mark.parametrize("subject", ["#mut", "#Внутренее", "#intrnal", "#acept"])
def test_a_near_miss_is_told(subject: str) -> None:
    found = sent(subject, "The pump leaks.")
    assert (found.commands, found.unknown, found.text) == ((), (subject,), "The pump leaks.")


def test_a_near_miss_in_both_is_told_once() -> None:
    assert sent("#acept", "#acept\n#resolv").unknown == ("#acept", "#resolv")


def test_the_subject_comes_before_the_body() -> None:
    assert words(sent("#accept", "#pass north\n\nThe pump leaks.")) == [("accept", ""), ("pass", "north")]


def test_the_same_words_in_both_count_once() -> None:
    assert words(sent("#mute", "#Mute\n#accept")) == [("mute", ""), ("accept", "")]
    assert words(sent("#тихо", "#mute")) == [("mute", "")]
    assert words(sent("#ref 12", "#ref 13")) == [("ref", "12"), ("ref", "13")]


def test_a_subject_over_a_forwarded_mail_is_its_authors_own() -> None:
    body = "---------- Forwarded message ---------\r\nFrom: A <a@b.example>\r\nSubject: x\r\n\r\n#close\r\n"
    assert words(sent("#internal", body)) == [("internal", "")]


@pytest.mark.parametrize("below", ["#решено", "Иван\n#решено", "Иван\n#решено\nСевер"])
def test_a_command_below_the_delimiter_is_not_read_and_told(below: str) -> None:
    found = read_body(f"Заменили насос.\n\n-- \n{below}", "text")
    assert (found.text, found.commands, found.unknown) == ("Заменили насос.", (), ("#решено",))
    assert read_body("Заменили насос.\n\n-- \nИван\n#5 цех", "text").unknown == ()
