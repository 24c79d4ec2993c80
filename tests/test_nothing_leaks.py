"""Nothing leaks: whatever real mail goes through whatever chain, each party gets what its links share and nothing else.

LEAK_EXAMPLES=1000 makes it a long run.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from relay.model import Link, Receipts
from tests.canaries import World
from tests.chains import IDENTITIES, shares, trees
from tests.lines import WORDS
from tests.scenes import DEEDS, Act, Scene, look

EXAMPLES = int(os.environ.get("LEAK_EXAMPLES", "25"))

QUOTES: tuple[Any, ...] = ("gmail", "outlook", "русская", "between", "bare", "bare between")
RECEIPTS: tuple[Receipts, ...] = ("needed", "all", "none")

acts = st.builds(
    Act,
    deed=st.sampled_from(DEEDS),
    seat=st.integers(0, 12),
    pen=st.integers(0, 2),
    html=st.booleans(),
    quote=st.sampled_from(("", *QUOTES)),
    signature=st.booleans(),
    files=st.integers(0, 2),
    picture=st.booleans(),
    rich=st.booleans(),
    mentions=st.booleans(),
    bottom=st.booleans(),
    command=st.one_of(st.just(""), st.sampled_from(WORDS)),
    quiet=st.booleans(),
    late=st.booleans(),
)
passing = acts.map(lambda act: replace(act, deed="pass by cc" if act.bottom and act.pen else "pass", seat=0, quiet=False))
extra_links = st.builds(
    lambda number, up, down, identity, share: Link(f"extra{number}", f"p{up}", f"p{down}", share=share, identity=identity),
    st.integers(), st.integers(0, 5), st.integers(0, 5), st.sampled_from(IDENTITIES), shares,
)  # fmt: skip


# Eight levels and two branches, and everything that can be done.
DEEP = [Link(f"deep{at}", f"p{at}", f"p{at + 1}") for at in range(8)] + [Link("side", "p3", "p9"), Link("aside", "p9", "p10")]
NARROW = [
    replace(DEEP[1], identity="party"),
    replace(DEEP[4], identity="hidden"),
    replace(DEEP[8], share=frozenset({"comments"})),
]
MIXED = [next((narrow for narrow in NARROW if narrow.key == link.key), link) for link in DEEP]
DOWN = [
    Act("pass" if at % 2 else "pass by cc", files=1, picture=True, html=True, rich=at % 3 == 1, pen=at % 3) for at in range(7)
]
TOLD = [Act("comment", at % 9, at % 3, command=word, quiet=at % 4 == 1, quote="gmail") for at, word in enumerate(WORDS * 3)]
EVERYTHING = [
    Act(
        deed, at % 10, at % 3, html=bool(at % 2), quote=QUOTES[at % 6], signature=at % 4 > 1,
        files=at % 3, picture=at % 4 == 1, rich=at % 4 > 1, mentions=at % 3 == 1, bottom=at % 5 > 2, late=at % 7 == 3,
    )
    for at, deed in enumerate(DEEDS * 2)
]  # fmt: skip
LAST = [Act("pass", seat, html=True) for seat in range(11)]


@example(tuple(DEEP), [], DOWN, [*TOLD, *EVERYTHING], LAST, ["needed", "all"])
@example(
    tuple(MIXED), [Link("back", "p7", "p1"), Link("again", "p10", "p4")], DOWN, [*TOLD, *EVERYTHING], LAST, ["needed", "all"]
)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    trees(most=10),
    st.lists(extra_links, max_size=2),
    st.sampled_from(range(9)).flatmap(lambda levels: st.lists(passing, min_size=levels, max_size=levels)),
    st.lists(acts, min_size=4, max_size=10),
    st.lists(acts.map(lambda act: replace(act, deed="pass")), min_size=1, max_size=2),
    st.lists(st.sampled_from(RECEIPTS), min_size=1, max_size=3),
)
def test_each_party_gets_what_its_links_share_and_nothing_else(
    tree: tuple[Link, ...], extra: list[Link], down: list[Act], talk: list[Act], last: list[Act], receipts: list[Receipts]
) -> None:
    """Down the chain, this and that, and at the end somebody is brought in, who gets to see all that he may."""
    parties = {key for link in tree for key in (link.upstream, link.downstream)}
    joined = [link for link in extra if link.upstream != link.downstream and {link.upstream, link.downstream} <= parties]
    world = World([*tree, *joined], receipts)
    try:
        play(world, [replace(talk[0], deed="open"), *down, *talk, *last])
    finally:
        world.close()


def play(world: World, script: list[Act]) -> None:
    """Does all that in turn, looks at every letter, and at the end at what should have been said."""
    for act in script:
        Scene(world, act).play()
        if not act.late:
            look(world)
    look(world)
    world.digests()
    look(world)
    look(world)  # what failed deliveries have brought about
    missing = world.missing()
    assert not missing, missing
