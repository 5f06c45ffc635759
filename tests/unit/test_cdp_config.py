"""What the documentation of CDPs shows can be loaded, and says what it feeds. No JVM."""

import re
import shutil

from c360_spark.config import load
from c360_spark.contracts.lineage import uses
from tests.conftest import ROOT

DOC = (ROOT / "docs" / "cdp.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```yaml\n# (\S+\.(?:yaml|yml))\n(.+?)```", DOC, re.DOTALL))


def test_the_contracts_of_the_documentation_make_a_cdp_and_feed_nothing_of_persons(tmp_path):
    folder = shutil.copytree(ROOT / "conf", tmp_path / "conf")
    for path, text in EXAMPLES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with (folder / path).open("a", encoding="utf-8") as file:
            file.write(text)
    conf = load(folder, "dev")
    assert conf.cdps() == {"segment": {"email", "phone", "crm.customer_id", "web.cookie_id"}}
    told = {
        name
        for (source, _), c in conf.contracts.items()
        if source == "segment"
        for u in uses(conf, c)
        for name in u.dependents
    }
    silver = {name for name in told if name.startswith("silver.cdp_profile.")}
    assert told - silver == {"gold.cdp_reconciliation", "gold.cdp_mismatch", "region of identifiers"}
