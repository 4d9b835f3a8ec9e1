"""What can be wrong with a sealed text, or with the keys."""


class SealBroken(Exception):
    """A sealed text that can not be opened: its key is missing, it was changed, or it belongs to another row."""


class KeysAway(SealBroken):
    """The service that keeps the keys does not answer or turns us away, which says nothing of the sealed text."""
