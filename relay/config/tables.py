"""The schema of relay.toml: every table, every key, its type and its default; required keys describe what is expected.

The validation context is the folder of relay.toml, against which relative paths stand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo, model_validator

from relay.config import files, secret, units, worktime
from relay.model import SHARES, Contact, Identity, Limit, Logo, Opening, Receipts, Remind, Share, Trust, Unknown
from relay.settings import PROGRAMS, Smarthost

T = TypeVar("T")
Profile = Literal["rt", "redmine", "roundup", "djhelpdesk", "zammad", "jira", "okdesk", "generic"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _from(read: Callable[[object, Path], T]) -> PlainValidator:
    """A reader that needs the folder of relay.toml."""

    def validate(value: Any, info: ValidationInfo) -> T:
        return read(value, info.context or Path())

    return PlainValidator(validate)


Line = Annotated[str, PlainValidator(units.line)]
Domain = Annotated[str, PlainValidator(units.domain)]
Address = Annotated[str, PlainValidator(units.address)]
Language = Annotated[str, PlainValidator(units.language)]
Zone = Annotated[str, PlainValidator(units.zone)]
Duration = Annotated[timedelta, PlainValidator(units.duration)]
Listen = Annotated[tuple[str, int], PlainValidator(units.listen)]
Count = Annotated[int, Field(ge=1)]


class Table(BaseModel):
    """A table: no unknown keys, no guessing at types."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class Relay(Table):
    """`[relay]`"""

    domain: Annotated[str, PlainValidator(units.own_domain)] = Field(description="a domain name such as relay.example.com")
    name: Line = "Relay"
    prefix: Annotated[str, PlainValidator(units.prefix)] = "A"
    postmaster: Address = Field(description="the e-mail address of a person who cares for the relay")
    language: Language = "en"
    timezone: Zone = "UTC"
    data: Annotated[Path | None, _from(files.data_folder)] = None
    database: Annotated[str | None, _from(secret.database)] = None
    blobs: Annotated[str | None, _from(secret.blobs)] = None
    templates: Annotated[Path | None, _from(files.folder)] = None
    user: Annotated[str, PlainValidator(units.user)] = ""


class Tls(Table):
    """`[smtp] tls`"""

    certificate: Annotated[Path, _from(files.readable)] = Field(description="a PEM file with the certificate chain")
    key: Annotated[Path, _from(files.readable)] = Field(description="a PEM file with the private key")
    required: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        files.check_tls(self.certificate, self.key)
        return self


class Smtp(Table):
    """`[smtp]`"""

    listen: Annotated[list[Listen], Field(min_length=1)] = [("127.0.0.1", 2525)]
    max_size: Annotated[int, PlainValidator(units.size)] = 25_000_000
    tls: Tls | None = None
    connections: Count = 500
    connections_per_address: Count = 100
    commands: Count = 1000
    recipients: Count = 100
    idle: Duration = timedelta(minutes=5)


class Delivery(Table):
    """`[delivery]`"""

    smarthost: Annotated[Smarthost | None, _from(secret.smarthost)] = None
    retry_for: Duration = timedelta(days=5)
    connections: Count = 8
    timeout: Duration = timedelta(seconds=60)


class Dns(Table):
    """`[dns]`"""

    nameservers: list[Annotated[tuple[str, int], PlainValidator(units.nameserver)]] = []


class Dkim(Table):
    """`[dkim]`"""

    selector: Annotated[str, PlainValidator(units.selector)] = "relay1"
    key: Annotated[Path | None, _from(files.dkim_key)] = None


class Metrics(Table):
    """`[metrics]`"""

    listen: Listen | None = None


class Digest(Table):
    """`digest` of a party; `to` left out means its contacts."""

    at: Annotated[time, PlainValidator(units.clock)] = Field(description='a time of day in quotes, such as "09:00"')
    on: Annotated[list[Day], Field(min_length=1)] = ["mon", "tue", "wed", "thu", "fri"]
    to: list[Address] = []


class Report(Table):
    """`report` of a party; `to` left out means its contacts."""

    to: list[Address] = []


class Desk(Table):
    """`desk` of a party."""

    profile: Profile = Field(description='the name of a desk profile, or "generic"')
    address: Address = Field(description="the e-mail address at which the desk takes mail")


class Brand(Table):
    """`[brand]`, and `brand` of a party; `name` left out is the name of the relay, or of the party."""

    name: Line = ""
    colour: Annotated[str, PlainValidator(units.colour)] = ""
    footer: Line = ""
    logo: Annotated[Logo | None, _from(files.logo)] = None


class Party(Table):
    """`[parties.KEY]`; `name` left out is the key, `language` and `timezone` are those of `[relay]`."""

    name: Line = ""
    language: Language | None = None
    timezone: Annotated[str | None, PlainValidator(units.zone)] = None
    contacts: list[Annotated[Contact, PlainValidator(units.contact)]] = []
    domains: list[Domain] = []
    trust: Trust = "dmarc"
    unknown: Unknown = "hold"
    digest: Digest | None = None
    desk: Desk | None = None
    receipts: Receipts = "needed"
    suggest: bool = True
    hours: Annotated[tuple[Opening, ...], PlainValidator(worktime.hours)] = ()
    holidays: list[Annotated[str, PlainValidator(worktime.holiday)]] = []
    remind: Remind = "hours"
    brand: Brand | None = None
    report: Report | None = None
    batch: Annotated[timedelta | None, PlainValidator(units.batch)] = None


class Link(Table):
    """`[links.KEY]`"""

    upstream: str = Field(alias="from", description="the key of the party that passes tickets")
    downstream: str = Field(alias="to", description="the key of the party that gets them")
    share: list[Share] = list(SHARES)
    fields_: list[Annotated[str, PlainValidator(units.field)]] = Field([], alias="fields")
    identity: Identity = "person"
    respond_within: Annotated[Limit | None, PlainValidator(worktime.limit)] = None
    resolve_within: Annotated[Limit | None, PlainValidator(worktime.limit)] = None


class Files(Table):
    """`[files]`"""

    withhold: list[Annotated[str, PlainValidator(units.extension)]] = sorted(PROGRAMS)


class Arc(Table):
    """`[arc]`"""

    sealers: list[Domain] = []


class Held(Table):
    """`[held]`"""

    expires: Duration = timedelta(days=30)


class Limits(Table):
    """`[limits]`"""

    mails_a_minute: Count = 20_000
    mails_a_minute_per_address: Count = 1200
    mails_a_minute_per_party: Count = 6000
    bytes_a_day_per_party: Annotated[int, PlainValidator(units.size)] = 20_000_000_000
    chains_a_day_per_party: Count = 10_000
    held_per_party: Count = 500
    answers_a_day: Count = 100
    own: list[Annotated[str, PlainValidator(units.ip)]] = ["127.0.0.1", "::1"]


class Loops(Table):
    """`[loops]`"""

    same: Annotated[int, Field(ge=2)] = 3
    fast: Annotated[int, Field(ge=2)] = 5
    reflex: Duration = timedelta(seconds=30)
    pause: Duration = timedelta(hours=1)


class Scan(Table):
    """`[scan]`"""

    clamd: Annotated[tuple[str, int], PlainValidator(units.clamd)] | None = None
    down: Literal["hold", "pass"] = "hold"


class Root(Table):
    """The whole file."""

    relay: Relay = Field(description="a table [relay] with at least domain and postmaster")
    smtp: Smtp = Smtp()
    delivery: Delivery = Delivery()
    dns: Dns = Dns()
    dkim: Dkim = Dkim()
    metrics: Metrics = Metrics()
    files: Files = Files()
    arc: Arc = Arc()
    held: Held = Held()
    limits: Limits = Limits()
    loops: Loops = Loops()
    scan: Scan = Scan()
    brand: Brand = Brand()
    parties: dict[str, Party] = {}
    links: dict[str, Link] = {}
