"""What we answer to EHLO, MAIL and RCPT: aiosmtpd's hooks."""

# ruff: noqa: N802 - the names are aiosmtpd's

from __future__ import annotations

from typing import TYPE_CHECKING

from aiosmtpd.smtp import Envelope as Transaction
from aiosmtpd.smtp import Session as State

from relay.smtpd.reception import Reception
from relay.smtpd.syntax import NULL_SENDER

if TYPE_CHECKING:
    from relay.smtpd.session import Session

FURTHER = "452 4.5.3 Too many recipients, please send them the mail in a further transaction"


class Hooks:
    """Those of one connection, which keeps the settings that it began with."""

    def __init__(self, reception: Reception) -> None:
        self._reception, self._settings = reception, reception.settings

    async def handle_EHLO(self, smtp: Session, state: State, _: Transaction, name: str, lines: list[str]) -> list[str]:
        """The extensions, as one reply; aiosmtpd would offer AUTH."""
        state.host_name = name
        smtp.command_size_limits.clear()  # which aiosmtpd lets grow at each EHLO
        offered = [each for each in lines if each[4:8] not in ("AUTH", "HELP")]
        return ["\r\n".join([*offered, "250-PIPELINING", "250 ENHANCEDSTATUSCODES"])]

    async def handle_MAIL(self, smtp: Session, _: State, transaction: Transaction, address: str, options: list[str]) -> str:
        """Any sender, only not too often: who he is counts when the mail is there."""
        if no := self._reception.begin(smtp.peer):
            self._answered("MAIL", no)
            smtp.count_no()
            return no
        transaction.mail_from = address
        transaction.mail_options.extend(options)
        return self._answered("MAIL", "250 2.1.0 OK")

    async def handle_RCPT(self, smtp: Session, _: State, transaction: Transaction, address: str, options: list[str]) -> str:
        """Asks the gate."""
        if address == NULL_SENDER:
            return self._answered("RCPT", "501 5.1.3 A recipient is needed")
        if len(transaction.rcpt_tos) >= self._settings.recipients:
            self._reception.seldom("limit_reached", "recipients", smtp.peer)
            return self._answered("RCPT", FURTHER)
        if no := await smtp.at_work(self._reception.recipient(address, smtp.peer)):
            self._answered("RCPT", no)
            smtp.count_no()
            return no
        transaction.rcpt_tos.append(address)
        return self._answered("RCPT", "250 2.1.5 OK")

    def _answered(self, command: str, reply: str) -> str:
        self._reception.log.debug("answered", command=command, reply=reply)
        return reply
