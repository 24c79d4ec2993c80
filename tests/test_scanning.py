"""Files before the scanner, over SMTP: infected ones go to nobody; without the scanner mails wait, or pass, as configured."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest

from relay.settle import UNSCANNED
from tests.clamd import INFECTED, LARGEST, FakeClamd, RealClamd, program
from tests.harness import Relay, Sink, until, write
from tests.mail.test_files import EXE
from tests.test_workflow import ANNA, INTAKE, IVAN, OLGA, SERGEI

ADMIN = "admin@example.com"


@pytest.fixture
def clamd() -> Iterator[RealClamd]:
    """The real one, running."""
    if program() is None:
        pytest.skip("clamd is not installed")
    made = RealClamd().start()
    yield made
    made.remove()


@pytest.fixture
def fake() -> Iterator[FakeClamd]:
    """One that says what it is told to say, running."""
    made = FakeClamd().start()
    yield made
    made.remove()


@pytest.fixture
def make(make_relay: Callable[..., Relay]) -> Callable[..., Relay]:
    """Makes a relay that shows files to that scanner."""

    def made(scanner: RealClamd | FakeClamd, down: str = "hold", workers: int = 1, **options: str) -> Relay:
        scan = f'[scan]\nclamd = "{scanner.setting}"\ndown = "{down}"\n'
        return make_relay(extra=scan, **options).start("--workers", str(workers))

    return made


def mail(text: str, who: str = ANNA, to: str = INTAKE, **files: bytes) -> EmailMessage:
    made = write(f"{who.partition('@')[0].title()} <{who}>", to, text)
    for name, content in files.items():
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return made


def opens(relay: Relay, text: str, **files: bytes) -> str:
    """The queue id of an accepted mail of Anna's."""
    code, answer = relay.send(mail(text, ANNA, INTAKE, **files), ANNA, INTAKE)
    assert code == 250, answer
    return answer.split()[-1]


def hears(sink: Sink, who: str, words: str) -> dict[str, bytes]:
    """The files of the letter to him that has these words."""
    until(lambda: any(words in letter.text for letter in sink.to(who)), f"{words!r} to {who}")
    return next(letter for letter in sink.to(who) if words in letter.text).files


def looks_again(relay: Relay) -> None:
    """What the relay does every minute, it does at a reload, too."""
    assert relay.process is not None
    relay.process.send_signal(signal.SIGHUP)


def held(relay: Relay) -> list[str]:
    return [row["id"] for row in relay.json("held", "list")]


def blobs(relay: Relay) -> list[bytes]:
    return [path.read_bytes() for path in (relay.folder / "data" / "blobs").rglob("*") if path.is_file()]


# ── with a scanner that answers ────────────────────────────────────────────────────────────────────────────


def test_an_infected_file_goes_to_nobody_and_its_sender_is_told(make: Callable[..., Relay], clamd: RealClamd, sink: Sink) -> None:
    relay = make(clamd)
    bad = b"just " + INFECTED
    mail_id = opens(relay, "The papers.", plan_dat=b"a plan", driver_dat=bad, driver2_dat=bad)
    for who in (IVAN, OLGA):
        assert hears(sink, who, "The papers.") == {"plan.dat": b"a plan"}
    told = sink.wait(ANNA).text
    assert "Файл driver.dat не отправлен дальше: антивирус сообщает, что он заражён" in told and "driver2.dat" in told
    assert blobs(relay) == [b"a plan"]
    assert '"event": "file_infected"' in relay.log and "Pump.Test" in relay.log and "driver" not in relay.log
    kept = (relay.folder / "data" / "spool" / "kept").rglob(f"{mail_id}.eml")
    assert b"driver.dat" in next(iter(kept)).read_bytes(), "the mail is kept whole"
    assert [letter for letter in sink.received if b"driver.dat" in letter.raw and letter.recipient != ANNA] == []


def test_inside_an_archive_and_among_colleagues_too(make: Callable[..., Relay], clamd: RealClamd, sink: Sink) -> None:
    import io
    import zipfile

    relay = make(clamd)
    opens(relay, "The pump leaks.")
    note, packed = sink.wait(IVAN).note, io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plan.dat", INFECTED * 20)
    assert INFECTED not in packed.getvalue()
    code, _ = relay.send(mail("Look at this.", IVAN, note, plan_zip=packed.getvalue(), ok_dat=b"fine"), IVAN, note)
    assert code == 250
    assert hears(sink, OLGA, "Look at this.") == {"ok.dat": b"fine"}
    hears(sink, IVAN, "The file plan.zip was not sent on: the virus scanner says that it is infected.")


@pytest.mark.parametrize("down", ["hold", "pass"])
def test_a_file_that_is_too_large_for_it(make: Callable[..., Relay], clamd: RealClamd, sink: Sink, down: str) -> None:
    relay, large = make(clamd, down), bytes(LARGEST + 1)
    opens(relay, "Both plans.", small_dat=b"small", large_dat=large)
    files = hears(sink, IVAN, "Both plans.")
    assert files == ({"small.dat": b"small"} if down == "hold" else {"small.dat": b"small", "large.dat": large})
    assert ("large.dat не отправлен дальше: он слишком велик для антивируса" in sink.wait(ANNA).text) is (down == "hold")
    opens(relay, "Once more.", large_dat=large)
    hears(sink, ADMIN, "Set StreamMaxLength in clamd.conf to what [smtp] max_size is: 25000000 bytes.")
    hears(sink, IVAN, "Once more.")
    assert len(sink.to(ADMIN)) == 1 and held(relay) == []


def test_nothing_is_shown_that_is_not_passed_on(make: Callable[..., Relay], fake: FakeClamd, sink: Sink) -> None:
    relay = make(fake)
    opens(relay, "No file.")
    opens(relay, "A program.", setup_exe=EXE)
    away = mail("I am away.", IVAN, sink.wait(IVAN).thread, plan_dat=b"plan")
    away["Auto-Submitted"] = "auto-replied"
    assert relay.send(away, IVAN, sink.wait(IVAN).thread)[0] == 250
    hears(sink, IVAN, "A program.")
    until(lambda: relay.log.count("mail_settled") == 3, "three settled mails")
    assert fake.asked == 0
    opens(relay, "The same twice.", a_dat=b"one", b_dat=b"one", c_dat=b"two")
    hears(sink, IVAN, "The same twice.")
    assert sorted(fake.seen) == [b"one", b"two"]


# ── without one ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("workers", [1, 3])
def test_mails_with_files_wait_and_go_on_by_themselves(
    make: Callable[..., Relay], clamd: RealClamd, sink: Sink, workers: int
) -> None:
    relay = make(clamd, workers=workers)
    clamd.stop()
    first = opens(relay, "The first plan.", plan_dat=b"first")
    second = opens(relay, "The second plan.", plan_dat=INFECTED, photo_dat=b"second")
    opens(relay, "No plan at all.")
    assert hears(sink, IVAN, "No plan at all.") == {}
    told = sink.wait(ADMIN)
    assert "The virus scanner does not answer" in str(told.message["Subject"]) + told.text and "relay held release" in told.text
    assert sorted(held(relay)) == sorted([first, second])
    (row,) = [row for row in relay.json("held", "list") if row["id"] == first]
    assert row["reason"] == UNSCANNED and "the scanner does not answer" in UNSCANNED
    looks_again(relay)
    until(lambda: relay.log.count("configuration_reloaded") == workers, "the reloads")
    assert sorted(held(relay)) == sorted([first, second]) and blobs(relay) == []
    clamd.start()
    looks_again(relay)
    assert hears(sink, IVAN, "The first plan.") == {"plan.dat": b"first"}
    assert hears(sink, IVAN, "The second plan.") == {"photo.dat": b"second"}
    hears(sink, ANNA, "антивирус сообщает, что он заражён")
    until(lambda: held(relay) == [], "no held mail")
    assert {relay.json("trace", each)[0]["state"] for each in (first, second)} == {"done"}
    until(lambda: not relay.json("queue", "list"), "an empty queue")
    assert (len(sink.to(IVAN)), len(sink.to(ANNA)), len(sink.to(ADMIN))) == (3, 3, 1)


def test_an_answer_that_waited_is_a_comment_like_any_other(make: Callable[..., Relay], fake: FakeClamd, sink: Sink) -> None:
    relay = make(fake)
    opens(relay, "The pump leaks.")
    thread = sink.wait(IVAN).thread
    fake.stop()
    relay.send(mail("#accept\n\nHere is the plan.", IVAN, thread, plan_dat=b"plan"), IVAN, thread)
    until(lambda: len(held(relay)) == 1, "the held mail")
    assert relay.json("show", "A-1")["tickets"][1]["status"] == "new"
    fake.start()
    looks_again(relay)
    assert hears(sink, ANNA, "Here is the plan.") == {"plan.dat": b"plan"}
    hears(sink, IVAN, "Your mail has arrived.")
    assert relay.json("show", "A-1")["tickets"][1]["status"] == "accepted"


def test_a_person_may_let_it_through(make: Callable[..., Relay], fake: FakeClamd, sink: Sink) -> None:
    relay = make(fake)
    fake.stop()
    first = opens(relay, "The first plan.", plan_dat=b"first")
    second = opens(relay, "The second plan.", plan_dat=b"second")
    done = relay.cli("held", "release", first)
    assert done.returncode == 0 and "not all of its files have been looked at" in done.stdout
    assert hears(sink, IVAN, "The first plan.") == {"plan.dat": b"first"}
    assert sink.wait(ANNA).message["Subject"], "its author is of the party, and hears of it like always"
    assert relay.cli("held", "refuse", second).returncode == 0
    fake.start()
    looks_again(relay)
    opens(relay, "The third plan.", plan_dat=b"third")
    looks_again(relay)
    hears(sink, IVAN, "The third plan.")
    assert len(sink.to(IVAN)) == 2 and fake.seen == [b"third"]


def test_a_stranger_who_is_let_in_brings_no_infected_file(make: Callable[..., Relay], clamd: RealClamd, sink: Sink) -> None:
    relay = make(clamd)
    eve = "eve@strange.example"
    assert relay.send(mail("Let me in.", eve, plan_dat=INFECTED, ok_dat=b"fine"), eve, INTAKE)[0] == 250
    assert relay.cli("held", "release", "--all").returncode == 0
    assert hears(sink, IVAN, "Let me in.") == {"ok.dat": b"fine"}
    assert INFECTED not in blobs(relay)


def test_without_it_refusals_are_refusals_and_strangers_strangers(
    make: Callable[..., Relay], fake: FakeClamd, sink: Sink
) -> None:
    relay = make(fake)
    opens(relay, "#pass fix\nThe pump leaks.")
    ivans = sink.wait(IVAN)
    relay.send(write(f"Ivan <{IVAN}>", ivans.thread, "#pass fix"), IVAN, ivans.thread)
    thread = sink.wait(SERGEI).thread
    fake.stop()
    eve = "eve@strange.example"
    assert relay.send(mail("Me too.", eve, thread, plan_dat=b"plan"), eve, thread)[0] == 550
    assert relay.send(mail("Me too.", eve, plan_dat=b"plan"), eve, INTAKE)[0] == 250
    (row,) = relay.json("held", "list")
    assert row["reason"] == f"{eve} is not of the party shop"
    assert (
        relay.send(mail("Help.", ANNA, "postmaster@relay.example.com", a_dat=b"a"), ANNA, "postmaster@relay.example.com")[0]
        == 250
    )
    hears(sink, ADMIN, "Help.")


def test_it_may_pass_instead(make: Callable[..., Relay], fake: FakeClamd, sink: Sink) -> None:
    relay = make(fake, "pass")
    fake.stop()
    for number in ("first", "second"):
        opens(relay, f"The {number} plan.", plan_dat=number.encode())
        assert hears(sink, IVAN, f"The {number} plan.") == {"plan.dat": number.encode()}
    hears(sink, ADMIN, 'Files are sent on without having been looked at (down = "pass").')
    assert relay.log.count('"event": "files_not_scanned"') == 2 and len(sink.to(ADMIN)) == 1 and held(relay) == []


@pytest.mark.parametrize("scan", ["", 'down = "pass"'])
def test_what_waits_goes_on_when_the_configuration_lets_it(
    make: Callable[..., Relay], fake: FakeClamd, sink: Sink, scan: str
) -> None:
    relay = make(fake)
    fake.stop()
    opens(relay, "The plan.", plan_dat=b"plan")
    until(lambda: len(held(relay)) == 1, "the held mail")
    text = relay.config.read_text()
    relay.config.write_text(
        text.replace('down = "hold"', scan)
        if scan
        else text.replace("[scan]", "[arc]").replace("clamd =", "# ").replace('down = "hold"', "")
    )
    looks_again(relay)
    assert hears(sink, IVAN, "The plan.") == {"plan.dat": b"plan"}


def test_what_waits_outlives_a_restart(make: Callable[..., Relay], fake: FakeClamd, sink: Sink) -> None:
    relay = make(fake)
    fake.stop()
    opens(relay, "The plan.", plan_dat=b"plan")
    until(lambda: len(held(relay)) == 1, "the held mail")
    relay.stop()
    fake.start()
    relay.start()
    assert hears(sink, IVAN, "The plan.") == {"plan.dat": b"plan"}


# ── with one that answers oddly ────────────────────────────────────────────────────────────────────────────


def test_one_that_hangs_keeps_nobody_else_waiting(make: Callable[..., Relay], fake: FakeClamd, sink: Sink) -> None:
    relay = make(fake)
    fake.let_go.clear()
    waiting = [
        threading.Thread(target=opens, args=(relay, f"Plan {number}."), kwargs={"plan_dat": b"plan"}) for number in range(6)
    ]
    for thread in waiting:
        thread.start()
    until(lambda: fake.asked == 4, "four files before the scanner, and no more at once")
    opens(relay, "The pump leaks.")
    hears(sink, IVAN, "The pump leaks.")
    assert fake.asked == 4 and "Plan" not in "".join(letter.text for letter in sink.received)
    for thread in waiting:
        thread.join()  # answered 250 after a few seconds, and settled later
    fake.let_go.set()
    for number in range(6):
        assert hears(sink, IVAN, f"Plan {number}.") == {"plan.dat": b"plan"}


def test_one_that_hangs_up(make: Callable[..., Relay], fake: FakeClamd, sink: Sink) -> None:
    relay = make(fake)
    fake.answer = b""
    opens(relay, "The plan.", plan_dat=b"plan")
    until(lambda: len(held(relay)) == 1, "the held mail")
    asked = fake.asked
    opens(relay, "The next.", plan_dat=b"next")
    until(lambda: len(held(relay)) == 2, "the second held mail")
    assert fake.asked == asked, "a scanner that is away is left alone for a while"
    fake.answer = b"stream: OK\0"
    looks_again(relay)
    hears(sink, IVAN, "The plan."), hears(sink, IVAN, "The next.")


def test_one_that_chokes_on_a_file_looks_at_the_others(make: Callable[..., Relay], fake: FakeClamd, sink: Sink) -> None:
    relay = make(fake)
    fake.answer = b"stream: Can't allocate memory ERROR\0"
    first = opens(relay, "The plan.", plan_dat=b"plan")
    until(lambda: len(held(relay)) == 1, "the held mail")
    assert "Can't allocate memory" in sink.wait(ADMIN).text
    fake.answer = b"stream: OK\0"
    opens(relay, "The next.", plan_dat=b"next")
    assert hears(sink, IVAN, "The next.") == {"plan.dat": b"next"}
    assert held(relay) == [first]
    looks_again(relay)
    hears(sink, IVAN, "The plan.")
