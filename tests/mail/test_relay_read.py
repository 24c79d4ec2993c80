"""`relay read` on files, mbox, Maildir and lines."""

from __future__ import annotations

import base64
import json
import mailbox
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from relay.cli.read import read
from tests.mail.samples import mail, multipart, part, plain

app = typer.Typer()
app.command("read")(read)
RAW = multipart(
    "mixed",
    plain("#решено\nЗаменили.\n\n23.11.2026, 10:00, «М» <m@acme.example>:\n> Когда?"),
    part("image/png; name=a.png", b"12"),
)


def run(*arguments: str, stdin: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), input=stdin)
    return result.exit_code, result.stdout


def line(kind: str, body: bytes, name: object = 1) -> str:
    return json.dumps({"id": name, "kind": kind, "body": base64.b64encode(body).decode()}) + "\n"


def answers(output: str) -> list[dict[str, Any]]:
    return [json.loads(each) for each in output.splitlines()]


def test_lines_are_answered_in_the_contracts_form() -> None:
    code, output = run("--jsonl", stdin=line("raw", RAW, "a/1"))
    assert code == 0
    assert answers(output) == [
        {
            "id": "a/1",
            "kind": "reply",
            "text": "Заменили.",
            "quoted": "23.11.2026, 10:00, «М» <m@acme.example>:\n> Когда?",
            "signature": "",
            "commands": [{"word": "resolved", "argument": ""}],
            "attachments": [{"name": "a.png", "type": "image/png", "size": 2}],
            "bounce": None,
        }
    ]


def test_text_and_html_lines() -> None:
    lines = line("text", "Да.\n\n> Когда?".encode()) + line("html", "<p>Да.</p><blockquote>Когда?</blockquote>".encode())
    code, output = run("--jsonl", stdin=lines)
    assert (code, [each["text"] for each in answers(output)]) == (0, ["Да.", "Да."])


def test_a_command_in_the_subject_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail("", "Subject: #mute"))
    assert "command   #mute" in run(str(tmp_path / "a.eml"))[1]
    assert answers(run("--jsonl", stdin=line("raw", mail("", "Subject: #mute")))[1])[0]["commands"] == [
        {"word": "mute", "argument": ""}
    ]


def test_what_cannot_be_read_is_answered_too_and_the_rest_goes_on() -> None:
    lines = line("raw", b"Subject: x\n\nx") + "no json\n" + line("odd", b"x") + '{"id": 5}\n' + line("text", b"ok")
    code, output = run("--jsonl", stdin=lines)
    assert code == 1
    assert [each.get("error", "")[:5] for each in answers(output)] == ["554 5", "not a", "kind ", "not a", ""]


def test_a_line_is_answered_at_once() -> None:
    command = "import typer; from relay.cli.read import read; app = typer.Typer(); app.command()(read); app()"
    with subprocess.Popen([sys.executable, "-c", command, "--jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(line("text", b"Yes.", number).encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()


def test_files_mbox_and_maildir(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(RAW)
    box = mailbox.mbox(tmp_path / "all.mbox")
    for number in range(2):
        box.add(mail(f"Письмо {number}.", "Content-Type: text/plain; charset=utf-8"))
    box.close()
    mailbox.Maildir(tmp_path / "dir").add(mail("Из папки.", "Content-Type: text/plain; charset=utf-8"))
    code, output = run(*(str(tmp_path / name) for name in ("one.eml", "all.mbox", "dir")))
    assert code == 0
    for text in ("Заменили.", "#resolved", "a.png · image/png · 2 bytes", "> Когда?", "Письмо 0.", "Письмо 1.", "Из папки."):
        assert text in output


def test_json_and_exit_status(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(RAW)
    code, output = run("--json", str(tmp_path / "one.eml"), str(tmp_path / "none.eml"))
    assert code == 1
    assert [each["kind"] for each in json.loads(output)] == ["reply", "unreadable"]


def test_wrong_use() -> None:
    assert run()[0] == 2
    assert run("--jsonl", "x.eml")[0] == 2


def test_a_folder_of_mails_and_what_was_in_it(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.eml").write_bytes(mail(f"Mail {name}."))
    (tmp_path / "empty").mkdir()
    status, shown = run(str(tmp_path), str(tmp_path / "empty"))
    assert status == 1
    assert shown.index("Mail a.") < shown.index("Mail b.") and "neither a Maildir nor a folder" in shown
    assert shown.rstrip().endswith("── 2 reply, 1 unreadable")
