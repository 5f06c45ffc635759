"""Checks that a sequence of tokens is a SQL expression. `expression` checks which tokens are allowed."""

from collections.abc import Sequence

COMPARISONS = ("=", "<=>", "<", "<=", ">", ">=", "<>", "!=")
OPERATORS = ("+", "-", "*", "/", "%")
UNITS = ("day", "days", "month", "months", "year", "years")
OUTSIDE = frozenset(
    "and or is in between like then when else end from distinct day days month months year years".split()
)  # cannot begin an operand


class _Wrong(Exception):
    """The first token that is out of place."""


def complaint(words: Sequence[str]) -> str | None:
    """The first syntax error; None if the words form an expression."""
    try:
        reader = _Reader(words)
        reader.expression()
        if reader.word:
            reader.refuse()
    except _Wrong as wrong:
        return str(wrong)
    except RecursionError:
        return "nested too deeply"
    return None


class _Reader:
    """Recursive-descent parser: each method reads one rule of the grammar."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words, self.at = words, 0

    @property
    def word(self) -> str:
        """The next token in lower case; empty at the end."""
        return self.words[self.at].lower() if self.at < len(self.words) else ""

    def refuse(self) -> None:
        before = f" after '{self.words[self.at - 1]}'" if self.at else ""
        here = f"'{self.words[self.at]}' is out of place" if self.word else "something is missing"
        raise _Wrong(here + before)

    def took(self, *wanted: str) -> bool:
        """Consumes the next token if it is one of `wanted`; returns whether it was."""
        found = self.word in wanted and bool(self.word)
        self.at += found
        return found

    def need(self, *wanted: str) -> None:
        if not self.took(*wanted):
            self.refuse()

    def expression(self) -> None:
        """Predicates joined by AND or OR. Precedence does not matter, because only the syntax is checked."""
        while True:
            while self.took("not"):
                pass
            self.predicate()
            if not self.took("and", "or"):
                return

    def predicate(self) -> None:
        self.value()
        while True:
            if self.took(*COMPARISONS):
                self.value()
            elif self.took("is"):
                self.took("not")
                if self.took("distinct"):
                    self.need("from")
                    self.value()
                else:
                    self.need("null", "true", "false")
            elif self.word in ("not", "in", "between", "like"):
                self.took("not")
                self.membership()
            else:
                return

    def membership(self) -> None:
        if self.took("in"):
            self.need("(")
            self.listed(")")
        elif self.took("between"):
            self.value()
            self.need("and")
            self.value()
        else:
            self.need("like")
            self.value()

    def value(self) -> None:
        """Operands joined by operators."""
        while True:
            while self.took("+", "-"):
                pass
            self.operand()
            while self.took("["):
                self.expression()
                self.need("]")
            if not self.took(*OPERATORS):
                return

    def operand(self) -> None:
        first = self.word
        if self.took("("):
            self.expression()
            self.need(")")
        elif self.took("case"):
            self.cases()
        elif self.took("interval"):
            self.interval()
        elif first in OUTSIDE or not (first and (first[0].isalnum() or first[0] in "_'")):
            self.refuse()
        else:
            self.at += 1
            if first in ("date", "timestamp") and self.word.startswith("'"):
                self.at += 1
            elif first[0] not in "'0123456789" and self.took("(") and not self.took(")"):
                self.listed(")")

    def listed(self, end: str) -> None:
        """Expressions separated by commas, then `end`."""
        self.expression()
        while self.took(","):
            self.expression()
        self.need(end)

    def cases(self) -> None:
        if self.word != "when":
            self.expression()
        self.need("when")
        while True:
            self.expression()
            self.need("then")
            self.expression()
            if not self.took("when"):
                break
        if self.took("else"):
            self.expression()
        self.need("end")

    def interval(self) -> None:
        while True:
            self.took("-")
            if not (self.word and self.word[0] in "'0123456789"):
                self.refuse()
            quoted = self.word.startswith("'")
            self.at += 1
            if not self.took(*UNITS) and not quoted:
                self.refuse()
            if not (self.word and self.word[0].isdigit()):
                return
