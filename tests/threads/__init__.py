"""Whether mail programs keep a ticket's mails together: a story played over SMTP, and the mailboxes of those in it."""
