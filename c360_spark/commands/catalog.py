"""`c360 contracts catalog`: the data catalog, every contract and every table it feeds as HTML. Needs no JVM."""

from collections.abc import Mapping
from pathlib import Path

from c360_spark.config import load
from c360_spark.contracts.catalog import catalog as pages
from c360_spark.errors import InputError

MADE = '<meta name="generator" content="c360 contracts catalog">'


def write_catalog(config: str, env: str, out: Path, totals: Mapping[str, str] | None = None) -> int:
    """Write the catalog of conf/ to the folder `out`; returns the number of files.

    `totals` holds the total of each metric in words. Pages of an earlier catalog that this one lacks are removed; other
    files stay. Raises ConfigError C201 for an invalid conf/, InputError C303 when the folder cannot be written, or
    holds a file with a page's name that no catalog wrote.
    """
    shell = Path(pages.__file__).with_name("catalog.html").read_text(encoding="utf-8")
    # A contract may hold a lone surrogate, which UTF-8 cannot encode.
    files = {
        name: text.encode("utf-8", "xmlcharrefreplace")
        for name, text in pages.catalog(load(Path(config), env), page=shell, totals=totals).items()
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        _keep_others(out, files)
        for name, content in files.items():
            (out / name).write_bytes(content)
    except OSError as error:
        raise InputError("C303", f"{out} cannot be written: {error.strerror}", hint="give another folder") from None
    return len(files)


def _keep_others(out: Path, files: dict[str, bytes]) -> None:
    """Remove the pages of an earlier catalog; refuse to overwrite any other file."""
    for path in sorted(out.glob("*.html")):
        ours = MADE in path.read_text(encoding="utf-8", errors="replace")[:400]
        if ours:
            path.unlink()
        elif path.name in files:
            hint = "give an empty folder"
            raise InputError("C303", f"{path} is there already and is no page of a catalog", hint=hint)
