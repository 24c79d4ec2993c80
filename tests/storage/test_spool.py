"""The spool over real files: what was committed is whole, what was not leaves nothing."""

from __future__ import annotations

import asyncio
import email
import errno
import os
import stat
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.spool import IN_MEMORY, Draft, NotInSpool, Spool, moment

RAW = b"Subject: pump\r\n\r\nIt leaks \xd0\xb0\xff\x00.\r\n"


def drafted(spool: Spool, raw: bytes) -> Draft:
    draft = spool.draft()
    draft.write(raw)
    return draft


async def committed(spool: Spool, raw: bytes = RAW) -> str:
    mail_id, draft = spool.new_id(), drafted(spool, raw)
    try:
        await spool.commit(mail_id, {"mail_from": "ann@acme.example"}, draft)
    finally:
        draft.close()
    return mail_id


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@given(st.lists(st.binary(max_size=IN_MEMORY // 2), max_size=6))
def test_a_draft_gives_back_what_was_written(chunks: list[bytes]) -> None:
    draft = Draft(Path(tempfile.gettempdir()))
    for chunk in chunks:
        draft.write(chunk)
    assert draft.content() == b"".join(chunks)
    assert draft.size == len(b"".join(chunks))
    draft.close()


def test_a_closed_draft_leaves_no_file(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.write(b"x" * (IN_MEMORY + 1))
    draft.close()
    draft.close()
    assert files(tmp_path) == []


@pytest.mark.parametrize("raw", [b"", RAW, b"no line end", b"\r\n\r\n", b"x" * (3 * IN_MEMORY)])
def test_a_committed_mail_is_read_back_exactly(tmp_path: Path, raw: bytes) -> None:
    spool = Spool(tmp_path / "spool")
    envelope = {"mail_from": "", "rcpt_to": ["анна@acme.example", "b\r\nX: y@acme.example"], "helo": "\udcff"}
    mail_id, draft = spool.new_id(), drafted(spool, raw)
    asyncio.run(spool.commit(mail_id, envelope, draft))
    draft.close()
    spool.close()
    assert Spool(tmp_path / "spool").read(mail_id) == (envelope, raw)
    assert files(tmp_path / "spool") == [f"{mail_id}.eml"]


def test_the_file_opens_as_a_mail(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    mail_id = asyncio.run(committed(spool))
    spool.close()
    message = email.message_from_bytes((tmp_path / "incoming" / f"{mail_id}.eml").read_bytes())
    assert message["Subject"] == "pump"
    assert message["X-Relay-Envelope"] == '{"mail_from":"ann@acme.example"}'


def test_only_the_owner_may_look_in(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    mail_id = asyncio.run(committed(spool))
    spool.keep(mail_id)
    spool.close()
    for path in (tmp_path / "spool").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_ids_rise_are_unique_and_tell_their_time(tmp_path: Path) -> None:
    spools = [Spool(tmp_path), Spool(tmp_path)]
    before = datetime.now(UTC)
    rising = [spools[0].new_id() for _ in range(2000)]
    assert rising == sorted(rising)
    assert all(mail_id.isalnum() for mail_id in rising)
    assert abs((moment(rising[0]) - before).total_seconds()) < 60
    with ThreadPoolExecutor(4) as pool:
        many = list(pool.map(lambda n: spools[n % 2].new_id(), range(4000)))
    assert len({*rising, *many}) == 6000


def test_waiting_is_oldest_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path)

    async def some() -> list[str]:
        return [await committed(spool) for _ in range(5)]

    ids = asyncio.run(some())
    spool.keep(ids[1])
    spool.drop(ids[2])
    spool.set_aside(ids[3], "unreadable")
    assert spool.waiting() == [ids[0], ids[4]]
    spool.close()


def test_a_kept_mail_is_found_by_its_month(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    mail_id = asyncio.run(committed(spool))
    spool.keep(mail_id)
    spool.keep(mail_id)
    assert (tmp_path / "kept" / f"{moment(mail_id):%Y-%m}" / f"{mail_id}.eml").exists()
    assert spool.read(mail_id)[1] == RAW
    spool.drop(mail_id)
    assert spool.read(mail_id)[1] == RAW, "drop forgets only what is incoming"
    spool.close()


def test_the_file_of_a_mail_is_found_wherever_it_is(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    mail_id = asyncio.run(committed(spool))
    found = [spool.find(mail_id)]
    spool.keep(mail_id)
    found.append(spool.find(mail_id))
    spool.set_aside(mail_id, "broken")
    found.append(spool.find(mail_id))
    assert [path.relative_to(tmp_path).parts[0] for path in found if path] == ["incoming", "kept", "corrupt"]
    assert spool.find(spool.new_id()) is spool.find("../../etc/passwd") is None
    spool.close()


@pytest.mark.parametrize("kept", [False, True])
def test_a_mail_set_aside_is_whole_and_has_a_reason(tmp_path: Path, kept: bool) -> None:
    spool = Spool(tmp_path)
    mail_id = asyncio.run(committed(spool))
    if kept:
        spool.keep(mail_id)
    spool.set_aside(mail_id, "the reader died: \udcff нет")
    assert spool.read(mail_id)[1] == RAW
    assert "нет" in (tmp_path / "corrupt" / f"{mail_id}.txt").read_text()
    assert files(tmp_path) == [f"{mail_id}.eml", f"{mail_id}.txt"]
    spool.close()


@pytest.mark.parametrize("name", ["", "nothing", "../../etc/passwd", "0" * 15])
def test_an_unknown_id_is_a_clear_error(tmp_path: Path, name: str) -> None:
    spool = Spool(tmp_path)
    for act in (spool.read, spool.keep, lambda mail_id: spool.set_aside(mail_id, "why")):
        with pytest.raises(NotInSpool, match="neither incoming, kept nor corrupt"):
            act(name)


def test_a_foreign_id_is_not_committed(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with closing(drafted(spool, RAW)) as draft, pytest.raises(ValueError, match="no queue id"):
        asyncio.run(spool.commit("../x", {}, draft))


def test_a_damaged_file_is_a_clear_error(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    mail_id = spool.new_id()
    (tmp_path / "incoming" / f"{mail_id}.eml").write_bytes(b"Subject: not ours\r\n\r\n")
    with pytest.raises(ValueError, match="damaged"):
        spool.read(mail_id)


def test_leftovers_of_a_crash_are_removed_after_an_hour(tmp_path: Path) -> None:
    Spool(tmp_path)
    old, new = tmp_path / "tmp" / "old", tmp_path / "tmp" / "new"
    for path in (old, new):
        path.write_bytes(b"half a ma")
    os.utime(old, (time.time() - 3700,) * 2)
    Spool(tmp_path)
    assert files(tmp_path) == ["new"]


class Fsyncs:
    """The real fsync, counting what it is called for, and failing on demand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folders = self.mails = 0
        self.fail_folders = False
        self.fail_mails: set[int] = set()
        self._real = os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self.folders += 1
            if self.fail_folders:
                raise OSError(errno.EIO, "Input/output error")
        else:
            self.mails += 1
            if self.mails in self.fail_mails:
                raise OSError(errno.ENOSPC, "No space left on device")
        self._real(descriptor)


def test_mails_that_wait_together_share_one_folder_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsyncs, spool = Fsyncs(monkeypatch), Spool(tmp_path)

    async def many() -> list[str]:
        return await asyncio.gather(*(committed(spool, b"mail %d" % n) for n in range(200)))

    ids = asyncio.run(many())
    spool.close()
    assert [spool.read(mail_id)[1] for mail_id in ids] == [b"mail %d" % n for n in range(200)]
    assert fsyncs.mails == 200
    assert fsyncs.folders <= 100
    assert files(tmp_path / "tmp") == []


def test_nothing_is_answered_before_mail_and_folder_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsyncs, spool = Fsyncs(monkeypatch), Spool(tmp_path)
    asyncio.run(committed(spool))
    assert (fsyncs.mails, fsyncs.folders) == (1, 1)
    spool.close()


def test_one_bad_mail_does_not_fail_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsyncs, spool = Fsyncs(monkeypatch), Spool(tmp_path)
    fsyncs.fail_mails = {7}

    async def many() -> list[str | BaseException]:
        return await asyncio.gather(*(committed(spool) for _ in range(20)), return_exceptions=True)

    results = asyncio.run(many())
    spool.close()
    (error,) = (each for each in results if isinstance(each, BaseException))
    assert isinstance(error, OSError)
    assert error.errno == errno.ENOSPC
    assert spool.waiting() == sorted(each for each in results if isinstance(each, str))
    assert files(tmp_path / "tmp") == []


def test_a_draft_closed_too_early_fails_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    draft = drafted(spool, RAW)
    draft.close()

    async def both() -> list[str | BaseException | None]:
        bad = spool.commit(spool.new_id(), {}, draft)
        return list(await asyncio.gather(bad, committed(spool), return_exceptions=True))

    bad, good = asyncio.run(both())
    spool.close()
    assert isinstance(bad, ValueError)
    assert files(tmp_path) == [f"{good}.eml"]


def test_a_folder_that_cannot_be_synced_fails_the_batch_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsyncs, spool = Fsyncs(monkeypatch), Spool(tmp_path)
    fsyncs.fail_folders = True
    with pytest.raises(OSError, match="Input/output"):
        asyncio.run(committed(spool))
    fsyncs.fail_folders = False
    assert files(tmp_path) == []
    mail_id = asyncio.run(committed(spool))
    assert spool.waiting() == [mail_id], "the next one is stored again"
    spool.close()


def test_a_vanished_folder_is_an_os_error_until_it_is_back(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    (tmp_path / "spool").rename(tmp_path / "gone")
    with pytest.raises(FileNotFoundError):
        asyncio.run(committed(spool))
    (tmp_path / "gone").rename(tmp_path / "spool")
    assert spool.waiting() == []
    asyncio.run(committed(spool))
    spool.close()


def test_a_waiter_that_gave_up_does_not_stop_the_others(tmp_path: Path) -> None:
    spool = Spool(tmp_path)

    async def impatient() -> str:
        task = asyncio.create_task(committed(spool))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await committed(spool)

    assert asyncio.run(impatient()) in spool.waiting()
    spool.close()


def test_close_finishes_what_waits_and_takes_no_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path)

    async def closing() -> list[str]:
        tasks = [asyncio.create_task(committed(spool)) for _ in range(100)]
        await asyncio.sleep(0)
        spool.close()
        spool.close()
        return await asyncio.gather(*tasks)

    ids = asyncio.run(closing())
    assert spool.waiting() == sorted(ids)
    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(committed(spool))
