"""What sources send that they should not: one file a kind, the odd record between two good ones.

Each kind tells what must come of its records, in their order: `accepted`, or the reasons of a quarantined one.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

OK = "accepted"
BAD = "malformed"
Outcome = tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """`odd` is the middle record, or all of them where `whole` makes a file of good records."""

    name: str
    odd: bytes = b""
    expected: Outcome = (OK, BAD, OK)
    whole: Callable[[list[bytes]], bytes] | None = field(default=None, compare=False)

    def file(self, number: int, good: Callable[[str], bytes], head: bytes = b"") -> bytes:
        """KEY stands for the key of the odd record: keys are unique over all kinds."""
        records = [good(f"{number}1"), good(f"{number}3")]
        if self.whole:
            return self.whole(records)
        odd = self.odd.replace(b"KEY", f"{number}2".encode())
        return _lines([*([head] if head else []), records[0], odd, records[1]])


def event(key: str, **changed: object) -> bytes:
    """A web event, with members changed, or left out where None."""
    record = {
        "event_id": key,
        "event": "account_logged_in",
        "occurred_at": "2026-01-01T10:00:00Z",
        "cookie_id": f"k{key}",
    }
    known = {name: value for name, value in (record | changed).items() if value is not None}
    return json.dumps(known, ensure_ascii=False).encode()


def _lines(records: list[bytes], end: bytes = b"\n") -> bytes:
    return b"".join(record + end for record in records)


def _odd(name: str, *reasons: str, **changed: object) -> Kind:
    """An event that is well-formed, and accepted where no reason is given."""
    return Kind(name, event("KEY", **changed), (OK, ",".join(reasons) or OK, OK))


GOOD = event("KEY")
EVENTS = (
    Kind("cut in the middle", GOOD[:40]),
    Kind("without its last brace", GOOD[:-1]),
    Kind("an empty line", b""),
    Kind("blanks only", b"   \t "),
    Kind("bare text", b"Internal Server Error"),
    Kind("a page of markup", b"<html><body>502</body></html>"),
    Kind("null", b"null"),
    Kind("a number", b"42"),
    Kind("a text in quotes", b'"x"'),
    Kind("an empty list", b"[]"),
    Kind("a record within a list", b"[" + GOOD + b"]"),
    Kind("two records on a line", GOOD + GOOD),
    Kind("two records and a comma", GOOD + b"," + GOOD),
    Kind("a comma too much", GOOD[:-1] + b",}"),
    Kind("a brace too much", GOOD + b"}"),
    Kind("text after the record", GOOD + b" # end"),
    Kind("names without quotes", b'{event_id: "KEY"}'),
    Kind("a comment", b"/* x */ " + GOOD),
    Kind("a raw control character", GOOD.replace(b"kKEY", b"k\x01KEY")),
    Kind("a quote not escaped", GOOD.replace(b"kKEY", b'k"KEY')),
    Kind("an unknown escape", GOOD.replace(b"kKEY", b"k\\qKEY")),
    Kind("nested a hundred thousand deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    Kind("nested and never closed", b"[" * 100_000),
    Kind(
        "bytes of an archive",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9\x07\x00",
        (OK, "encoding", OK),
    ),
    Kind(
        "an object with no member",
        b"{}",
        (OK, "missing:event_id,missing:event,missing:occurred_at,missing:cookie_id", OK),
    ),
    Kind("zero bytes", whole=lambda _: b"", expected=()),
    Kind("no line break at the end", whole=lambda good: b"\n".join(good), expected=(OK, OK)),
    Kind("line breaks of Windows", whole=lambda good: _lines(good, b"\r\n"), expected=(OK, OK)),
    Kind("a byte order mark", whole=lambda good: b"\xef\xbb\xbf" + _lines(good), expected=(OK, OK)),
    Kind("UTF-16", whole=lambda good: _lines(good).decode().encode("utf-16"), expected=("encoding", BAD, BAD)),
    Kind("bytes that are no UTF-8", GOOD.replace(b"kKEY", b"k\xff\xfe"), (OK, "encoding", OK)),
    Kind("a letter in Latin-1", GOOD.replace(b"kKEY", b"M\xfcller"), (OK, "encoding", OK)),
    _odd("a required value missing", "missing:cookie_id", cookie_id=None),
    _odd("a required value empty", "missing:cookie_id", cookie_id=""),
    _odd("a required value blank", "missing:cookie_id", cookie_id="  "),
    Kind("a required value null", GOOD.replace(b'"kKEY"', b"null"), (OK, "missing:cookie_id", OK)),
    _odd("a property renamed", "missing:cookie_id", cookie_id=None, cookieId="k"),
    _odd("several things wrong", "missing:cookie_id,pattern:country", cookie_id=None, country="Germany"),
    _odd("a day that is none", "type:occurred_at", occurred_at="2026-02-30T10:00:00Z"),
    _odd("a time without its day", "type:occurred_at", occurred_at="10:30"),
    _odd("a date by words", "type:occurred_at", occurred_at="yesterday"),
    _odd("a year of six digits", "type:occurred_at", occurred_at="202601-01-01T00:00:00Z"),
    _odd("seconds since 1970 where ISO is promised", "type:occurred_at", occurred_at=1767261600),
    # Text is read as text, and so is what may be text that holds JSON: a pattern in the contract is what rejects it.
    _odd("an object in place of a text", event_id={"id": 1}),
    _odd("a list in place of a text", event_id=["a", "b"]),
    _odd("a text in place of an object", BAD, properties="none"),
    _odd("a property nobody promised", surprise={"deep": [1, 2, {"a": None}]}),
    _odd("a number in place of a text", event_id=9007199254740993),
    _odd("letters beyond the basic plane", cookie_id="k😀𝒳"),
    _odd("text that runs from right to left", cookie_id="\u202eabc"),
    _odd("an invisible blank", cookie_id="k\u200b\u00a0x"),
    _odd("a line separator of Unicode", cookie_id="a\u2028b"),
    _odd("code of a database", cookie_id="'; DROP TABLE person; --"),
    _odd("a formula", cookie_id='=HYPERLINK("x")'),
    _odd("ten megabytes", page_url="x" * 10_000_000),
    Kind("a number of a thousand digits", GOOD[:-1] + b',"n":' + b"9" * 999 + b"}", (OK, OK, OK)),
    Kind("not a number", GOOD[:-1] + b',"n":NaN}', (OK, OK, OK)),
    Kind("a name twice", GOOD[:-1] + b',"cookie_id":"second"}', (OK, OK, OK)),
    Kind("an escaped zero character", GOOD.replace(b"kKEY", b"k\\u0000KEY"), (OK, OK, OK)),
    Kind("half a surrogate pair", GOOD.replace(b"kKEY", b"k\\ud83dKEY"), (OK, OK, OK)),
)


HEAD = b"customer_id,given_name,family_name,email,phone,birth_date,country,updated_at"


def customer(key: str, cells: str = "Zoe,Meyer,,,1990-05-01,DE,2026-01-01T10:00:00Z") -> bytes:
    return f"C{key},{cells}".encode()


def _row(name: str, cells: str, *reasons: str) -> Kind:
    return Kind(name, customer("KEY", cells), (OK, ",".join(reasons) or OK, OK))


def _headed(head: bytes) -> Callable[[list[bytes]], bytes]:
    return lambda good: _lines([head, *good])


TAIL = "1990-05-01,DE,2026-01-01T10:00:00Z"
CUSTOMERS = (
    _row("cells missing", "Zoe,Meyer", BAD),
    _row("cells too many", f"Zoe,Meyer,,,{TAIL},more,and,more", BAD),
    _row("a comma not quoted", f"Zoe, A.,Meyer,,,{TAIL}", BAD),
    _row("a comma in quotes", f'"Zoe, A.",Meyer,,,{TAIL}'),
    _row("quotes doubled", f'"Zoe ""Z""",Meyer,,,{TAIL}'),
    _row("a quote never closed", f'"Zoe,Meyer,,,{TAIL}', BAD),
    _row("a quote in the middle", f'Zo"e,Meyer,,,{TAIL}'),
    _row("another separator", "Zoe;Meyer;;;1990-05-01;DE;2026-01-01", BAD),
    _row("only separators", ",,,,,,", "missing:updated_at"),
    _row("a day that is none", "Zoe,Meyer,,,1990-02-31,DE,2026-01-01"),  # taken as unknown
    _row("a day of another country", "Zoe,Meyer,,,31.12.1990,DE,2026-01-01"),
    _row("a formula", f"=1+1,Meyer,,,{TAIL}"),
    _row("a backslash at the end", f"Zoe\\,Meyer,,,{TAIL}"),
    _row("a zero character", f"Zo\x00e,Meyer,,,{TAIL}"),
    Kind("an empty line", b"", (OK, "missing:customer_id,missing:updated_at", OK)),
    Kind("the header once more", HEAD, (OK, "pattern:customer_id,pattern:country,type:updated_at", OK)),
    Kind("a key in the form of a float", b"1e5,Zoe,Meyer,,,1990-05-01,DE,2026-01-01", (OK, "pattern:customer_id", OK)),
    Kind("bytes that are no UTF-8", customer("KEY").replace(b"Zoe", b"Zo\xeb"), (OK, "encoding", OK)),
    Kind("a line break in quotes", customer("KEY").replace(b"Zoe", b'"Zo\ne"'), (OK, OK, OK)),
    Kind("zero bytes", whole=lambda _: b"", expected=()),
    Kind("a header and nothing", whole=lambda _: HEAD, expected=()),
    Kind("a byte order mark", whole=_headed(b"\xef\xbb\xbf" + HEAD), expected=(OK, OK)),
    Kind("a header with blanks", whole=_headed(HEAD.replace(b",", b" , ")), expected=(OK, OK)),
    Kind(
        "a column renamed", whole=_headed(HEAD.replace(b"updated_at", b"changed")), expected=("missing:updated_at",) * 2
    ),
    Kind("line breaks of Windows", whole=lambda good: _lines([HEAD, *good], b"\r\n"), expected=(OK, OK)),
)
