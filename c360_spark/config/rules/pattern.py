"""Validates the regular expressions of conf/ without a JVM: allows a safe subset of Java's syntax, which runs them.

Refuses what only Python or RE2 knows, what Java reads differently, and what can backtrack without end or overflow the
stack. Source: java.util.regex.Pattern of Java 17.
"""

MAX_LENGTH = 1_000
MAX_DEPTH = 4  # of groups
MAX_REPEAT = 1_000  # of one element, and of the product of nested counts
# Java repeats a group by recursion: with four nested groups its default stack of 1 MB overflows at 500 to 600
# characters, which kills the whole executor. So a longer value never matches a pattern that repeats a group.
MAX_TEXT = 250

CLASSES = frozenset("dDwWsS")
CONTROLS = frozenset("tnrf")
PROPERTIES = frozenset(
    "L Lu Ll Lt Lm Lo M Mn Mc N Nd Nl No P Pd Ps Pe Pc Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf "
    "IsLatin IsGreek IsCyrillic IsHan IsHiragana IsKatakana IsHangul IsArabic IsHebrew IsThai IsDevanagari "
    "IsAlphabetic IsUppercase IsLowercase IsDigit Alpha Digit Alnum Upper Lower Punct Space XDigit ASCII".split()
)
FLAGS = frozenset("ims")
GROUPS = {"(?:": "", "(?=": "look", "(?!": "look", "(?<=": "behind", "(?<!": "behind"}


def complaint(pattern: str) -> str | None:
    """The reason why a pattern is refused; None if it is allowed."""
    try:
        _Parser(pattern).whole()
    except _Refused as refused:
        return f"pattern refused at character {refused.place + 1}: {refused}"
    return None


def repeats_a_group(pattern: str) -> bool:
    """Whether a pattern may only be applied to values of up to MAX_TEXT characters. `pattern` must be valid."""
    parser = _Parser(pattern)
    parser.whole()
    return parser.repeats_a_group


class _Refused(Exception):
    def __init__(self, place: int, why: str) -> None:
        super().__init__(why)
        self.place = place


class _Part:
    """Facts about a part of a pattern: `weight`: how often its counts can repeat it; `empty`: it can match the empty
    text; `endless`: it contains an unbounded repeat; `loop`: it can match as one unbounded repeat.
    """

    def __init__(self, *, weight: int = 1, empty: bool = False, endless: bool = False, loop: bool = False) -> None:
        self.weight, self.empty, self.endless, self.loop = weight, empty, endless, loop


class _Parser:
    """Recursive-descent parser of a pattern; `at` is the index of the next character."""

    def __init__(self, pattern: str) -> None:
        self.text, self.at, self.depth, self.closed = pattern, 0, 0, 0
        self.repeats_a_group = False

    def whole(self) -> None:
        if len(self.text) > MAX_LENGTH:
            self._refuse(f"longer than {MAX_LENGTH} characters", 0)
        flags = self.text[2 : self.text.find(")")] if self.text.startswith("(?") else ""
        if flags and set(flags) <= FLAGS:
            self.at = len(flags) + 3
        self._alternatives()
        if self.at < len(self.text):
            self._refuse("a ) that closes nothing; write \\)")

    def _refuse(self, why: str, place: int | None = None) -> None:
        raise _Refused(self.at if place is None else place, why)

    def _next(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _alternatives(self) -> _Part:
        parts = [self._sequence()]
        while self._next() == "|":
            self.at += 1
            parts.append(self._sequence())
        return _Part(
            weight=sum(part.weight for part in parts),
            empty=any(part.empty for part in parts),
            endless=any(part.endless for part in parts),
            loop=any(part.loop for part in parts),
        )

    def _sequence(self) -> _Part:
        parts: list[_Part] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated())
        return _Part(
            weight=sum(part.weight for part in parts) or 1,
            empty=all(part.empty for part in parts),
            endless=any(part.endless for part in parts),
            loop=any(part.loop for part in parts) and all(part.loop or part.empty for part in parts),
        )

    def _repeated(self) -> _Part:
        start, (part, repeatable) = self.at, self._atom()
        counts = self._counts()
        if counts is None:
            return part
        least, most = counts
        self.repeats_a_group |= self.text[start] == "(" and most != 1
        if not repeatable:
            self._refuse("it stands for a place, which cannot be repeated", start)
        if most is None and (part.empty or part.loop):
            self._refuse("a repeat of what repeats by itself can take for ever, as in (a+)+", start)
        part.weight *= max(least, most or 1, 1)
        if part.weight > MAX_REPEAT:
            self._refuse(f"its counts come to more than {MAX_REPEAT} repeats", start)
        return _Part(
            weight=part.weight,
            empty=part.empty or least == 0,
            endless=part.endless or most is None,
            loop=most is None or part.loop,
        )

    def _counts(self) -> tuple[int, int | None] | None:
        sign, start = self._next(), self.at
        if sign not in ("*", "+", "?", "{") or not sign:
            return None
        self.at += 1
        counts: tuple[int, int | None] = {"*": (0, None), "+": (1, None), "?": (0, 1), "{": (0, 0)}[sign]
        if sign == "{":
            inside, closed, _ = self.text[self.at :].partition("}")
            low, comma, high = inside.partition(",")
            numbers = [low, high] if high else [low]
            if not closed or not all(n.isascii() and n.isdigit() and len(n) <= 9 for n in numbers):
                self._refuse("counts are {2}, {2,} or {2,5}; write \\{ for the character", start)
            counts = (int(low), int(high) if high else None if comma else int(low))
            self.at += len(inside) + 1
            if counts[1] is not None and counts[1] < counts[0]:
                self._refuse("the greater count comes first", start)
        if self._next() in ("?", "+"):
            self.at += 1
        if self._next() in ("*", "+", "?", "{") and self._next():
            self._refuse("a repeat of a repeat; put the first one into a group")
        return counts

    def _atom(self) -> tuple[_Part, bool]:
        """Parses the next element; returns it and whether it can be repeated."""
        sign = self._next()
        if sign == "(":
            return self._group()
        if sign == "[":
            self._class()
        elif sign == "\\":
            return _Part(empty=(place := self._escape(inside=False)) is None), place is not None
        elif sign in ("*", "+", "?", "{"):
            self._refuse(f"nothing to repeat; write \\{sign} for the character")
        elif sign in ("^", "$"):
            self.at += 1
            return _Part(empty=True), False
        else:
            self.at += 1
        return _Part(), True

    def _group(self) -> tuple[_Part, bool]:
        start, kind = self.at, ""
        if self.text.startswith("(?", start):
            opening = next((o for o in GROUPS if self.text.startswith(o, start)), None)
            if opening is None:
                self._refuse("groups are (…) and (?:…), looks are (?=…), (?!…), (?<=…) and (?<!…); flags come first")
            assert opening is not None
            kind, self.at = GROUPS[opening], start + len(opening)
        else:
            self.at += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._refuse(f"groups nested deeper than {MAX_DEPTH}", start)
        part = self._alternatives()
        if self._next() != ")":
            self._refuse("a ( that is not closed; write \\( for the character", start)
        self.at, self.depth = self.at + 1, self.depth - 1
        if kind == "behind" and part.endless:
            self._refuse("a look behind has no * or +", start)
        if kind:
            return _Part(weight=part.weight, empty=True), False
        if not self.text.startswith("(?", start):
            self.closed += 1
        return part, True

    def _escape(self, *, inside: bool) -> int | None:
        """Parses an escape. Returns its code point, -1 for a set of characters or a back-reference, None for a boundary
        such as \\b.
        """
        start, sign = self.at, self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if sign in CLASSES and sign:
            return -1
        if sign in CONTROLS and sign:
            return ord({"t": "\t", "n": "\n", "r": "\r", "f": "\f"}[sign])
        if sign in ("x", "u"):
            digits = self.text[self.at : self.at + (2 if sign == "x" else 4)]
            if len(digits) != (2 if sign == "x" else 4) or not all(d in "0123456789abcdefABCDEF" for d in digits):
                self._refuse(f"\\{sign} wants {2 if sign == 'x' else 4} hex digits", start)
            self.at += len(digits)
            return int(digits, 16)
        if sign in ("p", "P"):
            name, closed, _ = self.text[self.at + 1 :].partition("}")
            if self._next() != "{" or not closed or name not in PROPERTIES:
                self._refuse(f"\\{sign} wants a property such as {{L}}, {{Lu}}, {{Nd}} or {{IsLatin}}", start)
            self.at += len(name) + 2
            return -1
        if not inside and sign in ("b", "B") and sign:
            return None
        if not inside and sign.isascii() and sign.isdigit():
            if not 1 <= int(sign) <= self.closed or self._next().isdigit():
                self._refuse(f"\\{sign} is no group that is closed before it", start)
            return -1
        if not sign or sign.isalnum():
            self._refuse(f"\\{sign} is not known, or means something else to Java", start)
        return ord(sign)

    def _class(self) -> None:
        start = self.at
        self.at += 2 if self.text.startswith("[^", start) else 1
        first = self.at
        while self._next() != "]":
            low = self._member(start)
            if self._next() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                place = self.at
                self.at += 1
                high = self._member(start)
                if low < 0 or high < low:
                    self._refuse("a range of characters in a class goes upwards, from one to another", place)
        if self.at == first:
            self._refuse("an empty class; write \\] for the character", start)
        self.at += 1

    def _member(self, start: int) -> int:
        sign = self._next()
        if not sign:
            self._refuse("a [ that is not closed; write \\[ for the character", start)
        if sign == "\\":
            made = self._escape(inside=True)
            return -1 if made is None else made
        if sign == "[" or self.text.startswith("&&", self.at):
            self._refuse(f"Java reads {'[' if sign == '[' else '&&'} within a class in its own way; write \\{sign}")
        self.at += 1
        return ord(sign)
