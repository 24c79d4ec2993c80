"""The layout holds: in a checkout, in the wheel, and in run.py, which must start anywhere."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

import relay
from relay import wording

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SHIPPED = ("relay", "storage", "templates")


def files(*folders: str) -> list[str]:
    """The files of these folders, as paths from the root, without what Python makes."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    return sorted(path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts)


def ignored(*paths: str) -> list[str]:
    """Those of the paths that git ignores."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    told = call("git", "check-ignore", "--no-index", *paths, cwd=ROOT)
    assert told.returncode in (0, 1), told.stderr
    return told.stdout.splitlines()


def call(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command, run to its end."""
    return subprocess.run(command, cwd=cwd, env=env, check=False, capture_output=True, text=True)


def run(folder: Path, *command: str, **variables: str) -> str:
    """What this Python prints, run in that folder with nothing else in its environment."""
    done = call(sys.executable, *command, cwd=folder, env=variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ── checkout ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_checkout_has_its_templates_and_example_at_the_root() -> None:
    assert wording.builtin() == ROOT / "templates"
    assert (wording.builtin() / "comment.txt").is_file()
    assert (ROOT / "relay.toml.example").is_file()


def test_git_ignores_data_and_nothing_that_is_shipped() -> None:
    data = ["data/relay.db", "data/dkim/relay1.pem", "try/data/relay.db", "demo/index.html", ".venv/installed"]
    assert ignored(*data, *files(*SHIPPED)) == data


@pytest.mark.parametrize("path", [path for path in files("storage") if path.endswith(".py")])
def test_storage_imports_nothing_of_the_relay(path: str) -> None:
    """import-linter sees packages only; the migrations, which Alembic loads as files, are seen here too."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    parts = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in plain | parts if name.partition(".")[0] == "relay"}


def test_what_is_pinned_is_locked_at_the_same_version() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = {line.lower().replace("_", "-") for line in lock.splitlines()}
    pinned = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    assert not {re.sub(r"\[.*\]", "", pin) for pin in pinned} - locked


def test_the_version_is_said_once() -> None:
    assert PROJECT["version"] == relay.__version__


# ── wheel ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built of this checkout with runtime data lying about in it, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in (*SHIPPED, "tests"):
        shutil.copytree(ROOT / name, folder / "checkout" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "relay.toml.example", ".gitignore"):
        shutil.copy(ROOT / name, folder / "checkout")
    for path in ("data/relay.db", "data/dkim/relay1.pem", "relay/data/relay.db"):
        (folder / "checkout" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "checkout" / path).write_text("secret")
    run(folder / "checkout", "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    (built,) = folder.glob("*.whl")
    zipfile.ZipFile(built).extractall(folder / "installed")
    return folder / "installed"


def test_the_wheel_holds_what_is_shipped_and_nothing_else(wheel: Path) -> None:
    packed = {path.relative_to(wheel).as_posix() for path in wheel.rglob("*") if path.is_file()}
    templates = {f"relay/{path}" for path in files("templates")}
    expected = templates | set(files("relay", "storage")) | {"relay/relay.toml.example"}
    assert {path for path in packed if ".dist-info/" not in path} == expected


def test_the_wheel_runs_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    path = {"PYTHONPATH": str(wheel), "PYTHONWARNINGS": "error"}
    assert run(tmp_path, "-m", "relay.cli.main", "--version", **path) == f"relay {relay.__version__}\n"
    assert run(tmp_path, "-c", "from relay import wording; print(wording.builtin())", **path) == f"{wheel}/relay/templates\n"
    migrate = "from storage import database, migrations; migrations.migrate(database.Database('sqlite:///relay.db'))"
    run(tmp_path, "-c", migrate, **path)
    assert (tmp_path / "relay.db").stat().st_size


# ── run.py ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def start() -> ModuleType:
    """run.py as a module."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_python_can_read_run_py_and_is_told_what_to_do(start: ModuleType) -> None:
    ast.parse((ROOT / "run.py").read_text("utf-8"), feature_version=(3, 6))
    told = start.too_old((3, 6, 9))
    assert "3.11 or newer" in told and "3.6.9" in told and sys.executable in told
    assert start.too_old((3, 11, 0)) == start.too_old((4, 0, 0)) == ""


def test_a_python_without_venv_is_told_what_to_install(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert start.no_venv() == ""
    monkeypatch.setattr(start, "find_spec", lambda name: None if name == "ensurepip" else name)
    assert "no module ensurepip" in start.no_venv() and "apt install python3-venv" in start.no_venv()


def test_without_a_command_run_py_tells_the_commands_and_installs_nothing(tmp_path: Path) -> None:
    shutil.copy(ROOT / "run.py", tmp_path)
    done = call(sys.executable, tmp_path / "run.py", cwd=Path("/"))
    assert (done.returncode, done.stderr) == (2, "")
    assert "test" in done.stdout and "demo" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["run.py"]
