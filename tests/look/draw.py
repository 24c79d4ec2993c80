"""Draws letters with headless Chromium, and writes down their texts.

    python -m tests.look.draw docs/letters      the pictures of docs/letters.md
    python -m tests.look.draw --all FOLDER      every kind, light, dark and on a phone, in both languages
    python -m tests.look.draw --sheets docs/letters/every    the same, small, a sheet for each kind
    python -m tests.look.draw --golden          tests/look/golden, after a change that is meant

A browser is needed for pictures only: apt-get install chromium. Look at what has changed before it is committed.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageChops

from relay.model import Letter, LetterKind
from tests.look.letters import KINDS, LANGUAGES, brand, composed, page, raw_text, sample

GOLDEN = Path(__file__).parent / "golden"
WIDTHS = {"light": 680, "dark": 680, "phone": 390}
TALLEST = 4000
COLOURS = 40  # of a picture: flat grounds and text need no more
# What docs/letters.md shows: kind, language, look.
SHOWN: tuple[tuple[LetterKind, str, str], ...] = (
    ("comment", "en", "light"),
    ("comment", "en", "brand"),
    ("comment", "ru", "dark"),
    ("comment", "ru", "phone"),
    ("pass", "ru", "light"),
    ("opened", "en", "light"),
    ("note", "en", "dark"),
    ("receipt", "en", "phone"),
    ("postmaster", "en", "dark"),
    ("status", "ru", "light"),
    ("held", "en", "light"),
    ("undelivered", "en", "light"),
    ("help", "ru", "phone"),
    ("digest", "en", "light"),
    ("digest", "ru", "phone"),
    ("report", "ru", "light"),
    ("report", "en", "brand"),
    ("due", "en", "dark"),
)


def main(arguments: list[str]) -> None:
    """See above."""
    if arguments == ["--golden"]:
        write_golden()
        return
    if arguments[0] == "--sheets":
        write_sheets(Path(arguments[-1]))
        return
    every = [(kind, language, look) for kind in KINDS for language in LANGUAGES for look in WIDTHS]
    folder = Path(arguments[-1])
    folder.mkdir(parents=True, exist_ok=True)
    for kind, language, look in every if arguments[0] == "--all" else SHOWN:
        picture = draw(letter_of(kind, language, look), look)
        (folder / f"{kind}-{language}-{look}.png").write_bytes(picture)
        print(f"{kind}-{language}-{look}.png  {len(picture):,} bytes")


def write_sheets(folder: Path) -> None:
    """Every kind in every look and language side by side, at half the size."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        looks = [(language, look) for language in LANGUAGES for look in WIDTHS]
        pictures = [Image.open(io.BytesIO(draw(letter_of(kind, *each), each[1]))).convert("RGB") for each in looks]
        (folder / f"{kind}.png").write_bytes(few_colours(beside([each.reduce(2) for each in pictures])))


def beside(pictures: list[Image.Image]) -> Image.Image:
    """The pictures in a row."""
    sheet = Image.new("RGB", (sum(each.width for each in pictures), max(each.height for each in pictures)), "white")
    left = 0
    for each in pictures:
        sheet.paste(each, (left, 0))
        left += each.width
    return sheet


def write_golden() -> None:
    """The plain text of every kind, as it is sent."""
    for kind in KINDS:
        for language in LANGUAGES:
            (GOLDEN / f"{kind}-{language}.txt").write_text(raw_text(composed(sample(kind, language))), "utf-8")


def letter_of(kind: LetterKind, language: str, look: str) -> Letter:
    """The sample, in somebody's colours for "brand"."""
    made = sample(kind, language)
    return replace(made, brand=brand()) if look == "brand" else made


def draw(letter: Letter, look: str) -> bytes:
    """The letter as a small PNG, without the empty page below it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    with tempfile.TemporaryDirectory() as folder:
        source, shot = Path(folder) / "letter.html", Path(folder) / "shot.png"
        source.write_text(page(composed(letter)), "utf-8")
        command = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/profile",
        ]
        command += [f"--window-size={WIDTHS.get(look, WIDTHS['light'])},{TALLEST}", f"--screenshot={shot}"]
        command += ["--blink-settings=preferredColorScheme=0"] if look == "dark" else []
        subprocess.run([*command, source.as_uri()], check=True, capture_output=True, timeout=120)
        return small(Image.open(shot).convert("RGB"))


def small(picture: Image.Image) -> bytes:
    """The picture without the empty end, in few colours."""
    ground = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
    box = ImageChops.difference(picture, ground).getbbox()
    cut = picture.crop((0, 0, picture.width, min(picture.height, (box[3] if box else 0) + 16)))
    return few_colours(cut)


def few_colours(picture: Image.Image) -> bytes:
    """As a PNG."""
    out = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
