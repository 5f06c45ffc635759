"""Infers which properties are identifiers of persons, and their namespace in identity.yml or a new one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from c360_spark.contracts.onboarding.guess import Guess, Proposed, capped, of, percent
from c360_spark.contracts.onboarding.names import (
    NAMESPACES,
    NATIONAL_ID,
    OF_MANY,
    OF_PEOPLE,
    OTHERS,
    SUBJECT_TYPE,
    SUBJECT_VALUE,
    known,
    snake,
    tokens,
)
from c360_spark.contracts.onboarding.values import is_dialled, is_email, is_hash, is_international, share

ENOUGH = 100  # records in which people who signed up twice would show


@dataclass(frozen=True)
class Spaces:
    """The namespaces of identity.yml, and the patterns that contracts promise for values of some namespaces."""

    names: tuple[str, ...]
    patterns: Mapping[str, tuple[str, ...]]

    def called(self, prop: Proposed) -> list[tuple[str, float]]:
        """Namespaces that match the property's name, with a confidence."""
        found = []
        for space in self.names:
            last = space.rsplit(".", 1)[-1]
            words = [*NAMESPACES.get(last, ()), "".join(tokens([last]))]
            if sure := known(prop.seen.path, words):
                found.append((space, sure))
        return found


def identify(source: str, table: str, props: Sequence[Proposed], keys: Sequence[Proposed], spaces: Spaces) -> None:
    """Adds the guessed identifier to each property. Its PII class and column are derived later, from this guess."""
    paired = _paired(props, spaces)
    for prop in props:
        if prop is paired or not prop.seen.texts or (table == "cdp_profile" and prop in keys):
            continue  # the profile id of a CDP is never evidence of identity
        people = table == "profile_record"
        _one(source, prop, spaces, own=people and list(keys) == [prop], of_people=people)


def one_per_person(table: str, props: Sequence[Proposed], keys: Sequence[Proposed]) -> Guess | None:
    """Whether the source keeps one record of each person: no two records have one key, e-mail address or phone number.

    A system that lets people sign up twice has many who did.
    """
    if table != "profile_record" or len(keys) != 1 or keys[0].seen.records < ENOUGH:
        return None
    used = {
        str(prop.settings["identifier"].value.get("namespace")): prop.seen
        for prop in props
        if "identifier" in prop.settings
    }
    told = [used[space] for space in ("email", "phone") if space in used and len(used[space].texts) >= ENOUGH]
    spelled = [[text.lower() for text in seen.texts] for seen in (keys[0].seen, *told)]
    if not told or any(len(set(texts)) < len(texts) for texts in spelled):
        return None
    names = " and ".join(".".join(seen.path) for seen in told)
    return capped(Guess(True, 0.7, f"no two of {keys[0].seen.records:,} records share {names}"))


def _one(source: str, prop: Proposed, spaces: Spaces, *, own: bool, of_people: bool) -> None:
    seen = prop.seen
    if share(is_hash, seen.texts) >= 0.9:
        if known(seen.path, NAMESPACES["email"]) or "email" in "".join(tokens(seen.path)):
            prop.notes.append("hashed already: it cannot be held against plain e-mail addresses")
        return
    address = _address(prop, spaces)
    if address and (others := sorted(OTHERS & set(tokens(seen.path)))):
        prop.notes.append(f"no identifier: by the word {others[0]} it is not of the person whom the record is about")
    elif address:
        _use(prop, *address)
    elif not own and known(seen.path, OF_MANY):
        prop.notes.append("no identifier: many people can share the id of an account or a company")
    elif not _known_space(source, prop, spaces, own=own, of_people=of_people) and (own or known(seen.path, OF_PEOPLE)):
        prop.namespace = _new_space(source, seen.path, own=own)


def _new_space(source: str, path: Sequence[str], *, own: bool) -> Guess:
    """A namespace that identity.yml lacks. All sources share that of numbers which a state gives to persons."""
    if own:
        why = "the key of the source's own records"
    elif known(path, NATIONAL_ID):
        return Guess("national_id", 0.5, "named like a number that a state gives to persons")
    else:
        why = "named like an identifier of people"
    words = tokens(path[-1:])
    return Guess(f"{source}.{'_'.join(words) if len(words) > 1 else _longer(path)}", 0.6 if own else 0.5, why)


def _address(prop: Proposed, spaces: Spaces) -> tuple[dict[str, object], float, str] | None:
    """Recognises an e-mail address or phone number by the values; None otherwise."""
    seen = prop.seen
    if (part := share(is_email, seen.texts)) >= 0.8 and "email" in spaces.names:
        return {"namespace": "email"}, part, of(part, seen, "are e-mail addresses")
    dialled = share(is_dialled, seen.texts) if known(seen.path, NAMESPACES["phone"]) else 0.0
    part = max(dialled, share(is_international, seen.texts))
    if part >= 0.8 and "phone" in spaces.names:
        return {"namespace": "phone"}, part, of(part, seen, "look like phone numbers")
    return None


def _known_space(source: str, prop: Proposed, spaces: Spaces, *, own: bool, of_people: bool) -> bool:
    """Whether the property was settled: given a namespace of identity.yml, or noted why it cannot have one."""
    seen = prop.seen
    for space, sure in spaces.called(prop):
        if space in ("email", "phone"):
            continue
        fits = _promised(spaces.patterns.get(space, ()), seen.texts)
        if fits is not None and fits < 0.8:
            prop.notes.append(f"not {space}: {percent(fits)} of its values fit the pattern of that contract")
            continue
        mine = space.startswith(f"{source}.")
        if own and not mine and fits is None:
            continue  # the key of a source's own records cannot be in another source's namespace
        if of_people and (shared := len(seen.texts) - len(set(seen.texts))):
            prop.notes.append(f"not {space}: {shared:,} of its values stand in more than one record of a person")
            return True
        said = f"named like {space}" + ("" if fits is None else f"; {of(fits, seen, 'fit its pattern')}")
        use: dict[str, object] = {"namespace": space, **({"verified": True} if mine and own else {})}
        _use(prop, use, 0.9 * sure if fits is not None or mine else 0.7 * sure, said)
        return True
    return False


def _longer(path: Sequence[str]) -> str:
    """A name with its parent, because an id needs its subject: `customer.id` gives customer_id."""
    return "_".join(tokens(path[-2:])) if len(path) > 1 else snake(path)


def _use(prop: Proposed, use: dict[str, object], sure: float, why: str) -> None:
    prop.settings["identifier"] = capped(Guess(use, sure, why))


def _promised(patterns: Sequence[str], texts: Sequence[str]) -> float | None:
    if not patterns:
        return None
    return share(lambda text: any(re.search(pattern, text) for pattern in patterns), texts)


def _paired(props: Sequence[Proposed], spaces: Spaces) -> Proposed | None:
    """The identifier property whose namespace is given by another property, as in consent statements."""
    kind = next((prop for prop in props if known(prop.seen.path, SUBJECT_TYPE)), None)
    value = next((prop for prop in props if prop is not kind and known(prop.seen.path, SUBJECT_VALUE)), None)
    if kind is None or value is None or len(set(kind.seen.texts)) > 10:
        return None
    meant: dict[str, str] = {}
    for word in sorted(set(kind.seen.texts)):
        flat = "".join(tokens([word]))
        for space in spaces.names:
            last = space.rsplit(".", 1)[-1]
            if flat in (*NAMESPACES.get(last, ()), "".join(tokens([last]))) and re.fullmatch(
                r"[A-Za-z_ \-]{1,30}", word
            ):
                meant.setdefault(word, space)
    if not meant:
        return None
    name = ".".join(kind.seen.path)
    part = sum(text in meant for text in kind.seen.texts) / len(kind.seen.texts)
    use = {"namespaceFrom": name, "namespaces": meant}
    why = f"{name} tells its kind in {percent(part)} of the records"
    value.settings["identifier"] = capped(Guess(use, 0.9 * part, why))
    value.facts["classification"] = Guess("direct", 0.9, "it names a person")
    return value
