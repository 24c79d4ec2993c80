"""The email-native ticket relay: joins the tickets of a chain of firms over plain e-mail."""

__version__ = "0.1.0"
