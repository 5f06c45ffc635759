"""The stages as a run starts them: each with access to no tables but those that it declares."""

from c360_spark.pipeline.stages import STAGES

land = STAGES["land"]
canonicalise = STAGES["canonicalise"]
resolve_identity = STAGES["resolve_identity"]
build_profiles = STAGES["build_profiles"]
build_audiences = STAGES["build_audiences"]
reconcile = STAGES["reconcile"]
export = STAGES["export"]
deliver = STAGES["deliver"]
