"""Blobs, in a folder and in an S3 bucket that a small server on loopback plays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.blobs import BlobMissingError, Blobs, BlobsUnreachableError, open_blobs
from tests.bucket import Bucket

CONTENT = bytes(range(256)) * 20_000  # more than one piece
NAME = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Place:
    """A store, and its bytes behind its back."""

    blobs: Blobs
    folder: Path | None = None
    bucket: Bucket | None = None

    def change(self, content: bytes | None) -> None:
        """Sets the bytes of the one blob, or takes it away."""
        if self.folder:
            path = self.folder / NAME[:2] / NAME
            path.unlink() if content is None else path.write_bytes(content)
        if self.bucket:
            assert list(self.bucket.objects) == [f"/files/relay/{NAME}"]
            self.bucket.objects = {} if content is None else dict.fromkeys(self.bucket.objects, content)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A store with CONTENT in it."""
    if request.param == "folder":
        made = Place(open_blobs(str(tmp_path / "blobs")), folder=tmp_path / "blobs")
    else:
        server = request.getfixturevalue("bucket")
        made = Place(open_blobs("s3://files/relay"), bucket=server)
    made.blobs.put(NAME, CONTENT)
    return made


def test_what_was_put_is_got_and_found_right(place: Place) -> None:
    assert place.blobs.get(NAME) == CONTENT
    place.blobs.check(NAME)


@pytest.mark.parametrize(
    ("content", "why"), [(CONTENT[:-1] + b"?", "have changed"), (b"", "have changed"), (None, "not in|No such")]
)
def test_what_is_not_what_was_put_is_said(place: Place, content: bytes | None, why: str) -> None:
    place.change(content)
    for look in (place.blobs.get, place.blobs.check):
        with pytest.raises(BlobMissingError, match=why):
            look(NAME)


def test_people_are_told_where_a_blob_lies(place: Place, tmp_path: Path) -> None:
    folder = str(tmp_path / "blobs" / NAME[:2] / NAME)
    assert place.blobs.place(NAME) == (folder if place.folder else f"s3://files/relay/{NAME}")


def test_a_bucket_that_does_not_answer_is_no_missing_blob(bucket: Bucket) -> None:
    bucket.objects[f"/files/relay/{NAME}"] = b"forbidden"
    with pytest.raises(BlobsUnreachableError, match="s3://files/relay cannot be read"):
        open_blobs("s3://files/relay").check(NAME)
    with pytest.raises(BlobsUnreachableError, match="s3://files/relay cannot be read"):
        open_blobs("s3://files/relay").get(NAME)
    with pytest.raises(OSError, match="s3://files/relay cannot be written"):
        open_blobs("s3://files/relay").put(NAME, CONTENT)
