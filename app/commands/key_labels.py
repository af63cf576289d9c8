"""What stands on the keys of the present keyboard layout, as far as it is known."""

from __future__ import annotations

from collections.abc import Mapping

PLACES = "`1234567890-=QWERTYUIOP[]\\ASDFGHJKL;'ZXCVBNM,./"
_SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./", strict=True))


class KeyLabels:
    """Labels by place, where a place has the name of its key on a US keyboard. GUI thread.

    What is not known is called by its US name. Whoever changes something here lets the menus be
    made anew where the answer was True.
    """

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the layout."""
        return bool(self._labels)

    @property
    def moved(self) -> Mapping[str, str]:
        """The places whose key is called otherwise than in the US, and what it is called."""
        return {place: label for place, label in self._labels.items() if label != place}

    def replace(self, labels: Mapping[str, str]) -> bool:
        """Take over a whole layout; whether any key is now called otherwise than before."""
        before = self.moved
        self._labels = {
            place: label.upper() if len(label.upper()) == 1 else label
            for place, label in labels.items()
            if place in PLACES and len(label) == 1 and label.isprintable() and label != " "
        }
        return self.moved != before

    def learn(self, place: str, label: str) -> bool:
        """A press told what stands on one key: another layout than was known is forgotten."""
        known = self._labels.get(place)
        if known == label:
            return False
        if known is not None:
            return self.replace({place: label})
        return self.replace({**self._labels, place: label})

    def shown(self, key: str) -> str:
        """A key by place, such as Ctrl+Alt+Q, in the words of this keyboard."""
        held, place = split_key(key)
        return "+".join([*held, self._labels.get(place, place)])


def split_key(key: str) -> tuple[list[str], str]:
    """The modifiers and the main key of a key in the keymap's spelling."""
    if key == "+" or key.endswith("++"):
        return key[:-1].split("+")[:-1], "+"
    *held, main = key.split("+")
    return held, main


def unshifted(character: str) -> str:
    """The character that the same key of a US keyboard writes without Shift."""
    return _SHIFTED.get(character, character)
