"""Contract tooling: version gate, lineage, catalog, owners and onboarding. Pure functions over conf/."""
