"""Scanners for tests: the real clamd with a signature of our own, and a daemon that answers as it is told."""

from __future__ import annotations

import shutil
import socketserver
import subprocess
import tempfile
import threading
from pathlib import Path

from tests.harness import free_port, until

INFECTED = b"X5-PUMP-TEST-FILE-THAT-IS-NO-VIRUS"
LARGEST = 1_000_000  # bytes that our clamd looks at


def program() -> str | None:
    """clamd, which Debian keeps off the PATH of users; None where it is not installed."""
    return shutil.which("clamd", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")


class RealClamd:
    """A clamd of its own, in a folder of its own, on a unix socket or on a port."""

    def __init__(self, *, tcp: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="relay-clamd-"))  # a socket's path has 108 characters at most
        self._database, self._socket, self._port = self.folder / "db", self.folder / "s", free_port() if tcp else 0
        self._database.mkdir()
        (self._database / "test.ndb").write_text(f"Pump.Test:0:*:{INFECTED.hex()}\n")
        where = f"TCPSocket {self._port}\nTCPAddr 127.0.0.1" if tcp else f"LocalSocket {self._socket}"
        self._config = self.folder / "clamd.conf"
        self._config.write_text(
            f"{where}\nDatabaseDirectory {self._database}\nTemporaryDirectory {self.folder}\nForeground yes\n"
            f"StreamMaxLength {LARGEST}\n"
        )
        self.setting = f"127.0.0.1:{self._port}" if tcp else f"unix:{self._socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> RealClamd:
        found = program()
        assert found is not None
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen([found, "-c", str(self._config)], stdout=log, stderr=log)
        until(self._is_listening, "clamd", 60)
        return self

    def _is_listening(self) -> bool:
        assert self._process is not None and self._process.poll() is None, (self.folder / "log").read_text()
        return b"Self checking" in (self.folder / "log").read_bytes()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._socket.unlink(missing_ok=True)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)


class FakeClamd:
    """Says `answer` to every file (b"" hangs up) and `pong` to PING; while `let_go` is not set it says nothing at all."""

    def __init__(self) -> None:
        self.answer, self.pong = b"stream: OK\0", b"PONG\0"
        self.deaf = False  # hangs up before it has read anything
        self.let_go = threading.Event()
        self.let_go.set()
        self.seen: list[bytes] = []
        self.asked = 0
        self.folder = Path(tempfile.mkdtemp(prefix="relay-clamd-"))
        self.path = self.folder / "s"
        self.setting = f"unix:{self.path}"
        self._server: socketserver.ThreadingUnixStreamServer | None = None

    def start(self) -> FakeClamd:
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                fake.talk(self)

        self._server = socketserver.ThreadingUnixStreamServer(str(self.path), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def talk(self, handler: socketserver.StreamRequestHandler) -> None:
        command = b""
        while not self.deaf and not command.endswith(b"\0") and (more := handler.rfile.read(1)):
            command += more
        self.asked += command != b"zPING\0"
        if command == b"zINSTREAM\0":
            content = b""
            while size := int.from_bytes(handler.rfile.read(4), "big"):
                content += handler.rfile.read(size)
            self.seen.append(content)
        self.let_go.wait()
        handler.wfile.write(self.pong if command == b"zPING\0" else self.answer)

    def stop(self) -> None:
        self.let_go.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self.path.unlink(missing_ok=True)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)
