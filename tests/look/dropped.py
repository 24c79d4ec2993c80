"""What mail programs drop of HTML and CSS: our own short table, after caniemail.com and the vendors' pages.

Sources: learn.microsoft.com "Rendering differences in Outlook" (Word's engine, Outlook 2007 to 2019 and classic 365 on Windows),
developers.google.com/workspace/gmail/design/css (Gmail), and what Yandex Mail's web reader leaves of a letter.
"""

from __future__ import annotations

OUTLOOK, GMAIL, YANDEX = "Outlook", "Gmail", "Yandex"

# Tags that one of them drops, with all that stands in them, or shows as text.
TAGS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("script", "iframe", "object", "embed", "form", "input", "button", "select", "textarea"), frozenset({GMAIL})),
    **dict.fromkeys(("svg", "video", "audio", "canvas", "picture", "link", "base"), frozenset({OUTLOOK, GMAIL, YANDEX})),
    **dict.fromkeys(("section", "article", "header", "footer", "main", "nav", "details"), frozenset({OUTLOOK})),
}
# Declarations of a tag's style that one of them drops.
STYLES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("position", "float", "top", "left", "right", "bottom", "z-index"), frozenset({OUTLOOK, GMAIL})),
    **dict.fromkeys(("flex", "grid", "gap", "align-items", "justify-content", "order"), frozenset({OUTLOOK, GMAIL})),
    **dict.fromkeys(("transform", "transition", "animation", "filter", "opacity", "box-shadow"), frozenset({OUTLOOK})),
    **dict.fromkeys(("background", "background-image", "background-size", "background-position"), frozenset({OUTLOOK, YANDEX})),
    **dict.fromkeys(("max-width", "max-height", "min-width", "min-height", "border-radius", "overflow"), frozenset({OUTLOOK})),
    **dict.fromkeys(("display", "white-space", "object-fit", "text-shadow"), frozenset({OUTLOOK})),
    "mso-hide": frozenset({GMAIL, YANDEX}),
    "mso-padding-alt": frozenset({GMAIL, YANDEX}),
}
# Where a letter may use them all the same: class → declaration → what stands in for it.
INSTEAD: dict[str, dict[str, str]] = {
    "card": {"max-width": "the conditional table of 600 pixels around it"},
    "main": {"border-radius": "a square button", "mso-padding-alt": "it is for Outlook alone"},
    "other": {"border-radius": "a square button", "mso-padding-alt": "it is for Outlook alone"},
    "press": {"display": "mso-padding-alt of the cell; the words themselves are the link"},
    "logo": {"display": "a picture in a line of its own"},
    "preview": {
        "display": "mso-hide",
        "max-height": "mso-hide",
        "overflow": "mso-hide",
        "mso-hide": "display: none",
    },
}
# Declarations that Outlook takes from some tags only.
PADDED = frozenset({"td", "th", "table"})  # padding and width; Word gives none to p, div, span, a
CLIPPED = 102 * 1024  # bytes of HTML after which Gmail shows no more
SHEET = 8192  # characters of a style sheet that Gmail reads
