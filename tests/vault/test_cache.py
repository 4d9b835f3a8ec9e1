"""Unwrapped keys stay in memory for a while, so many and no more."""

import pytest

from apps.vault.cache import KeyCache


class Keeper:
    def __init__(self):
        self.now, self.asked = 0.0, 0

    def unwrap(self):
        self.asked += 1
        return f"key {self.asked}".encode()


@pytest.fixture
def keeper():
    return Keeper()


@pytest.fixture
def cache(keeper):
    return KeyCache(seconds=300, most=3, clock=lambda: keeper.now)


def test_a_key_is_asked_for_once_in_a_while(cache, keeper):
    first = cache.get(b"wrapped", "place", keeper.unwrap)
    keeper.now = 299
    assert cache.get(b"wrapped", "place", keeper.unwrap) == first
    keeper.now = 301

    assert cache.get(b"wrapped", "place", keeper.unwrap) == b"key 2"


def test_another_place_asks_anew(cache, keeper):
    cache.get(b"wrapped", "place", keeper.unwrap)

    assert cache.get(b"wrapped", "elsewhere", keeper.unwrap) == b"key 2"


def test_the_oldest_goes_when_there_are_too_many(cache, keeper):
    for number in range(4):
        cache.get(b"%d" % number, "place", keeper.unwrap)

    assert cache.get(b"3", "place", keeper.unwrap) == b"key 4"
    assert cache.get(b"0", "place", keeper.unwrap) == b"key 5"


def test_a_failure_is_not_kept(cache, keeper):
    def fail():
        raise OSError

    with pytest.raises(OSError):
        cache.get(b"wrapped", "place", fail)
    assert cache.get(b"wrapped", "place", keeper.unwrap) == b"key 1"
