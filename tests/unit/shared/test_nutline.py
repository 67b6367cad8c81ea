"""How requests to a NUT server are put together; the rest is tried with servers."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from shared.nutline import BURST, _bursts, _encoded

REQUESTS = st.lists(
    st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=4), max_size=40
)


@given(REQUESTS)
def test_requests_go_in_bursts_that_a_server_reads_at_once(requests):
    bursts = list(_bursts(requests))
    assert [words for burst in bursts for words in burst] == requests
    for burst in bursts:
        assert len(burst) == 1 or sum(len(_encoded(words)) for words in burst) <= BURST


@given(REQUESTS)
def test_no_burst_could_have_gone_with_the_one_before(requests):
    bursts = list(_bursts(requests))
    for before, burst in itertools.pairwise(bursts):
        together = sum(len(_encoded(words)) for words in [*before, burst[0]])
        assert together > BURST


def test_a_password_is_what_the_server_makes_of_it():
    assert _encoded(["PASSWORD", "pässwörd"]) == b"PASSWORD psswrd\n"
    assert _encoded(["SET", "VAR", "ups", "ups.id", "Büro"]) == b'SET VAR ups ups.id "Buro"\n'
