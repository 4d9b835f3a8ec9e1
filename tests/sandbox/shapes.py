"""Compares an answer with a body from Meta's manual: same keys, same types."""

import json
from pathlib import Path

SAMPLES = Path(__file__).parent.parent / "samples" / "sandbox"


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


def differences(expected, found, where="answer", optional=()):
    """What keeps `found` from having the shape of `expected`, as sentences."""
    if type(expected) is not type(found):
        return [f"{where} is a {type(found).__name__}, not a {type(expected).__name__}"]
    if isinstance(expected, dict):
        wrong = [f"{where}.{key} is missing" for key in expected.keys() - found.keys() - set(optional)]
        wrong += [
            f"{where}.{key} is unknown to the sample"
            for key in found.keys() - expected.keys() - set(optional)
        ]
        for key in expected.keys() & found.keys():
            wrong += differences(expected[key], found[key], f"{where}.{key}", optional)
        return wrong
    if isinstance(expected, list) and expected:
        return _differences_of_items(expected, found, where, optional)
    return []


def _differences_of_items(expected, found, where, optional):
    """Items may leave out keys that only some items of the sample have."""
    if not isinstance(expected[0], dict):
        return [
            problem for item in found for problem in differences(expected[0], item, f"{where}[]", optional)
        ]
    union = {key: value for item in expected for key, value in item.items()}
    always = set.intersection(*(set(item) for item in expected))
    loose = (*optional, *(set(union) - always))
    return [problem for item in found for problem in differences(union, item, f"{where}[]", loose)]
