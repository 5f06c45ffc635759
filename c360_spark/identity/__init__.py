"""Identity resolution: identifiers → persons. A pure function of the evidence and the rule set."""
