"""The configuration as frozen typed values: what `config` reads out of relay.toml, table by table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from relay.model import Brand, Link, Network, Party

# Extensions of files that run when somebody opens them: what Gmail and Outlook refuse, disk images, and by its content what is a
# program of Linux (elf) or macOS (macho).
PROGRAMS = frozenset({
    "ade", "adp", "apk", "app", "appinstaller", "application", "appref-ms", "appx", "appxbundle", "bat", "cab", "chm",
    "class", "cmd", "com", "command", "cpl", "csh", "deb", "desktop", "dex", "diagcab", "diagcfg", "diagpkg", "dll",
    "dmg", "elf", "exe", "gadget", "hlp", "hta", "htc", "img", "ins", "iso", "isp", "jar", "jnlp", "js", "jse", "ksh",
    "library-ms", "lnk", "macho", "mde", "mjs", "msc", "msh", "msi", "msix", "msixbundle", "msp", "mst", "msu", "ocx",
    "pif", "pkg", "ps1", "ps1xml", "ps2", "psc1", "psd1", "psm1", "pyc", "pyo", "pyw", "pyz", "reg", "rpm", "scf", "scr",
    "sct", "search-ms", "settingcontent-ms", "sh", "shb", "shs", "sys", "url", "vb", "vbe", "vbs", "vhd", "vhdx", "vxd",
    "webloc", "website", "ws", "wsc", "wsf", "wsh", "xll",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """`[relay]`. `database` is an SQLAlchemy URL, `blobs` a folder or an s3:// URL; `templates` None means built in.

    `user` is who the server becomes when root has started it ("": root stays).
    """

    domain: str
    name: str
    prefix: str
    postmaster: str
    language: str
    timezone: str
    data: Path
    database: str = field(repr=False)
    blobs: str
    templates: Path | None = None
    user: str = ""


@dataclass(frozen=True, slots=True)
class Tls:
    """STARTTLS: PEM files; `required` refuses mail before STARTTLS (RFC 3207)."""

    certificate: Path
    key: Path
    required: bool = False


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """`[smtp]`. Sizes in bytes. The limits keep one client from hurting the others."""

    listen: tuple[tuple[str, int], ...]
    max_size: int = 25_000_000
    tls: Tls | None = None
    connections: int = 500
    connections_per_address: int = 100
    commands: int = 1000  # of one kind in one connection
    recipients: int = 100  # of one mail
    idle: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Smarthost:
    """The server that takes all letters. `security`: "opportunistic" STARTTLS, or "tls" from the first byte (smtps)."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    security: Literal["opportunistic", "tls"] = "opportunistic"


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """`[delivery]`. `smarthost` None means each recipient's own MX; `connections` are kept open at once."""

    smarthost: Smarthost | None = None
    retry_for: timedelta = timedelta(days=5)
    connections: int = 8
    timeout: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """`[dns]`: (address, port) of the resolvers; empty means the system's."""

    nameservers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class DkimSettings:
    """`[dkim]`: the selector and the PEM file of the private key."""

    selector: str
    key: Path


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """`[metrics]`: where Prometheus text and /healthz are served."""

    listen: tuple[str, int]


@dataclass(frozen=True, slots=True)
class FileSettings:
    """`[files]`: the extensions, lower case and without a point, of files that nobody gets."""

    withhold: frozenset[str] = PROGRAMS


@dataclass(frozen=True, slots=True)
class ArcSettings:
    """`[arc]`: the domains (lower case) whose seals are believed (RFC 8617)."""

    sealers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HeldSettings:
    """`[held]`: how long a mail waits for a person's decision."""

    expires: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """`[limits]`: what comes in beyond them is answered 4xx, so that it comes again. Sizes in bytes.

    `own` are the IP addresses of mail servers of one's own, which bring the mails of everybody.
    """

    mails_a_minute: int = 20_000
    mails_a_minute_per_address: int = 1200
    mails_a_minute_per_party: int = 6000
    bytes_a_day_per_party: int = 20_000_000_000
    chains_a_day_per_party: int = 10_000
    held_per_party: int = 500
    answers_a_day: int = 100  # help and complaints to one person, and mails of strangers to the postmaster
    own: frozenset[str] = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """`[loops]`: a ticket's party whose mails look like a program's gets no letters of it for `pause`.

    That is: `same` mails of the same words within an hour, or `fast` mails running that each came within `reflex` of a letter;
    `loops` says it whole.
    """

    same: int = 3
    fast: int = 5
    reflex: timedelta = timedelta(seconds=30)
    pause: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """`[scan]`: the clamd that looks at files (`path` of its socket, or host and port), and what becomes of mails without it."""

    path: str = ""
    host: str = ""
    port: int = 0
    down: Literal["hold", "pass"] = "hold"


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole of relay.toml, checked; `path` is the file it came from."""

    path: Path
    relay: RelaySettings
    smtp: SmtpSettings
    delivery: DeliverySettings
    dns: DnsSettings
    dkim: DkimSettings | None
    metrics: MetricsSettings | None
    parties: dict[str, Party]
    links: dict[str, Link]
    files: FileSettings = FileSettings()
    arc: ArcSettings = ArcSettings()
    held: HeldSettings = HeldSettings()
    limits: LimitSettings = LimitSettings()
    loops: LoopSettings = LoopSettings()
    scan: ScanSettings | None = None
    brand: Brand = field(default_factory=Brand)

    @property
    def logos(self) -> frozenset[str]:
        """The SHA-256 of the pictures that our letters bring along."""
        worn = [self.brand, *(party.brand for party in self.parties.values())]
        return frozenset(brand.logo.sha256 for brand in worn if brand and brand.logo)

    @property
    def network(self) -> Network:
        """Parties and links, as the rules want them."""
        return Network(self.relay.domain, self.parties, self.links)
