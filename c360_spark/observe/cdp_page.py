"""Report on the differences between a CDP and our persons: as text, and as one HTML file that needs no network."""

from collections.abc import Iterator
from typing import Any

from c360_spark.markup import Markup, element, joined, table

Told = dict[str, Any]
MEANING = {
    "agree": "one profile is one person",
    "attribute_mismatch": "one profile is one person, and attributes differ",
    "cdp_merges_more": "one profile holds identifiers of several persons",
    "cdp_splits_more": "one person's identifiers are in several profiles",
    "cdp_merges_and_splits": "several profiles and several persons, connected",
    "missing_here": "a profile of which no identifier is anybody's here",
    "missing_in_cdp": "a person of whom no profile has an identifier",
}
REASON = {
    "unknown": "the other side has none of its identifiers",
    "refused": "of its identifiers that we have none may connect: blocked, or shared by too many",
    "no_identifiers": "it has no identifiers",
    "other_namespaces": "it has no identifier of a kind that the CDP sends",
}


def as_text(told: Told) -> str:
    """The report as text: counts, then a few lines for each part."""
    profiles, persons = (sum(row[side] for row in told["counts"]) for side in ("profiles", "persons"))
    lines = [f"{told['cdp']}: {profiles:,} profiles beside {persons:,} persons", ""]
    lines.append(f"{'verdict':<42} {'groups':>10} {'profiles':>10} {'persons':>10}")
    for row in told["counts"]:
        groups = f"{row['groups']:,}" if row["groups"] else ""
        lines.append(f"{_named(row):<42} {groups:>10} {row['profiles']:>10,} {row['persons']:>10,}")
    lines += ["", f"attributes that differ ({len(told['attributes'])})"]
    lines += [f"  {row['attribute']:<40} {row['pairs']:>10,}" for row in told["attributes"]]
    for row in told["differences"]:
        lines.append(f"    {row['profile_id']} = {row['person_id']}  {row['attribute']}: {_both(row)}")
    lines += ["", "samples"]
    for sample in told["samples"]:
        lines += [f"  {_named(sample)}: {_who(sample)}", *(f"    {line}" for line in _held(sample))]
    return "\n".join(lines)


def _named(row: Told) -> str:
    return f"{row['verdict']} ({row['reason']})" if row["reason"] else str(row["verdict"])


def _both(row: Told) -> str:
    return f"here {row['our_value']}, there {row['their_value']}"


def _who(sample: Told) -> str:
    """`P1, P2 and 3 more = p17`: profiles, and the persons that they are."""
    sides = []
    for names, count in ((sample["profiles"], sample["profile_count"]), (sample["persons"], sample["person_count"])):
        more = f" and {count - len(names):,} more" if count > len(names) else ""
        sides.append(", ".join(names) + more)
    return " = ".join(filter(None, sides))


def _held(sample: Told) -> Iterator[str]:
    yield from (f"{row['profile_id']} has {row['identifier']}: {row['here']}" for row in sample["identities"])


def as_html(told: Told, *, page: str) -> str:
    """The report as an HTML page; `page` is the content of cdp_page.html."""
    title = f"{told['cdp']} beside our persons"
    content = joined(
        (
            element("h1", title),
            element("p", _lead(told), class_="lead"),
            _counts(told),
            element("h2", "Attributes that differ"),
            _attributes(told),
            element("h2", "Samples"),
            element(
                "p",
                "The largest groups of each verdict, and whose each identifier is here. What stands as … is hidden.",
                class_="soft",
            ),
            *map(_sample, told["samples"]),
        )
    )
    return page.replace("{{title}}", element("title", f"{title} · c360")).replace("{{content}}", content)


def _lead(told: Told) -> str:
    profiles, persons = (sum(row[side] for row in told["counts"]) for side in ("profiles", "persons"))
    agreed = sum(row["profiles"] for row in told["counts"] if row["verdict"] in ("agree", "attribute_mismatch"))
    share = f"{agreed / profiles:.1%} of the profiles are one person here" if profiles else "no profile is left"
    return f"{profiles:,} profiles, {persons:,} persons; {share}."


def _counts(told: Told) -> Markup:
    most = max([row["profiles"] + row["persons"] for row in told["counts"]], default=1)
    rows = []
    for row in told["counts"]:
        meaning = MEANING[row["verdict"]] + (f": {REASON[row['reason']]}" if row["reason"] else "")
        width = f"width: {100 * (row['profiles'] + row['persons']) / most:.1f}%"
        bar = element("span", "", class_=f"bar {row['verdict']}", style=width)
        what = joined((element("strong", row["verdict"]), element("p", meaning), bar))
        groups = f"{row['groups']:,}" if row["groups"] else "–"
        rows.append((None, (what, groups, f"{row['profiles']:,}", f"{row['persons']:,}")))
    return table(("verdict", "groups", "profiles", "persons"), rows)


def _attributes(told: Told) -> Markup:
    if not told["attributes"]:
        return element("p", "None, among the pairs of one profile and one person.", class_="soft")
    counted = [(None, (row["attribute"], f"{row['pairs']:,}")) for row in told["attributes"]]
    names = ("attribute", "profile_id", "person_id", "our_value", "their_value")
    shown = [(None, tuple(row[name] for name in names)) for row in told["differences"]]
    heads = ("attribute", "profile", "person", "here", "there")
    return joined((table(("attribute", "pairs"), counted), element("h3", "Some of them"), table(heads, shown)))


def _sample(sample: Told) -> Markup:
    rows = [(None, (row["profile_id"], row["identifier"], row["here"])) for row in sample["identities"]]
    held = table(("profile", "identifier", "whose it is here"), rows) if rows else Markup("")
    badge = element("span", _named(sample), class_=f"badge {sample['verdict']}")
    return element("section", element("h3", badge, " ", _who(sample)), held)
