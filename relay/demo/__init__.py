"""`relay demo`: a conversation of four parties through a real relay on this machine.

Read `scenario` for what is said, `story` for how it is played. Nothing is faked: the mails are built as the clients
write them, from the letters that have really landed, and all of them travel over SMTP.
"""
