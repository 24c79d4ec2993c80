"""Who wrote a mail: SPF, DKIM, DMARC and ARC → one `model.Verdict`, over DNS that is asked once for many mails."""

from relay.authentication.verdict import Authenticator

__all__ = ["Authenticator"]
