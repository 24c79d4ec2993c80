"""`relay demo`: a ticket's way through a chain of four parties, and past a fifth, with a real relay on this machine.

Read `scenario` for what is said, `story` for how it is played. Nothing is faked: the mails are built as the clients
write them, from the letters that have really landed, and all of them travel over SMTP.
"""
