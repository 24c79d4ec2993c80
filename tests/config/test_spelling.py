"""The configuration written out again."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from relay.config import dump, load, plain, tables
from relay.config.mistakes import keys, table_in
from tests.config import BASE, EXAMPLE, with_relay, write


@pytest.mark.parametrize("text", [BASE, EXAMPLE.read_text("utf-8").replace("smtp://127.0.0.1:2526", "smtps://[::1]:4650")])
def test_dump_loads_to_the_same(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    before = load(path)
    path.write_text(dump(before), "utf-8")
    assert load(path) == before


def test_dump_hides_secrets_and_is_toml(tmp_path: Path) -> None:
    relay = 'database = "postgresql://u:topsecret@db.example/relay"\nblobs = "s3://key:topsecret@bucket?secret_key=topsecret&region=x"'
    text = with_relay(relay) + '[delivery]\nsmarthost = "smtp://us%20er:topsecret@mx.example"\n'
    found = load(write(tmp_path, text))
    assert found.delivery.smarthost is not None
    assert found.delivery.smarthost.password == "topsecret"
    for shown in (dump(found), json.dumps(plain(found))):
        assert "topsecret" not in shown
    written = tomllib.loads(dump(found))
    assert written["delivery"]["smarthost"] == "smtp://us%20er:***@mx.example:25"
    assert written["relay"]["database"] == "postgresql+psycopg://u:***@db.example/relay"
    assert written["relay"]["blobs"] == "s3://key:***@bucket?secret_key=***&region=x"


def test_plain_names_every_key(tmp_path: Path) -> None:
    written = plain(load(write(tmp_path, BASE)))
    for name, field in keys(tables.Root).items():
        if name in ("parties", "links"):
            shown = next(iter(written[name].values()))
            table = get_args(field.annotation)[1]
        else:
            shown, table = written[name], table_in(field.annotation)
        assert set(shown) | {"selector"} == set(keys(table)) | {"selector"}
