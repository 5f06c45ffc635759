"""Company domains: the part of an e-mail or web address that somebody has registered."""

from collections.abc import Collection

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.letters import lower_case
from c360_spark.columns.once import once
from c360_spark.columns.punycode import unicode_host

DOMAIN = r"^([^\s.@/\\:,;<>\"]{1,63}\.)+[^\s.@/\\:,;<>\"\d][^\s.@/\\:,;<>\"]{1,62}$"


def plain_domain(text: Column) -> Column:
    """The domain of an e-mail address, a website or a bare domain, in lower case without `www.`.

    Null unless it looks like a domain. `text` has been through `letters`.
    """
    text = F.translate(lower_case(F.trim(text)), "。", ".")
    text = F.regexp_replace(text, r"^[a-z][a-z0-9+.-]*://|^mailto:", "")
    text = F.regexp_replace(text, r"[/?#].*$", "")
    text = F.regexp_replace(F.substring_index(text, "@", -1), r":\d+$|\.$", "")
    host = unicode_host(F.regexp_replace(text, r"^www\.", ""))
    return once(host, lambda host: F.when(host.rlike(DOMAIN), host))


def registrable(host: Column, suffixes: Collection[str]) -> Column:
    """The registrable domain: the last two parts, or three where the last two are one of `suffixes`, such as co.uk.

    Null for a suffix by itself.
    """
    two = F.substring_index(host, ".", -2)
    if not suffixes:
        return two
    three = F.nullif(F.substring_index(host, ".", -3), two)
    return F.when(two.isin(*suffixes), three).otherwise(two)


def company_domain(value: Column, free_mail: Collection[str], suffixes: Collection[str]) -> Column:
    """The registrable domain of an address or website that has been through `letters`, if it can be a company's.

    Null for the domains of `free_mail` and their subdomains, where anybody can have an address.
    """

    def of_company(host: Column) -> Column:
        is_free = host.isin(*free_mail)
        return once(registrable(host, suffixes), lambda own: F.when(~own.isin(*free_mail) & ~is_free, own))

    return once(plain_domain(value), of_company)
