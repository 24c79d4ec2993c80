"""The edge: SMTP in, on aiosmtpd's protocol.

`server` listens, `session` speaks with one client, `data` finds the end of a mail, `reception` stores the mail and asks the gate.
"""

from relay.smtpd.reception import Gate
from relay.smtpd.server import Server

__all__ = ["Gate", "Server"]
