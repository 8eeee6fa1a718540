"""Sentences of the switch's log that are looked for outside of it, where no switch's module can be imported."""

HOOK_FAILED = "the hangup hook failed, another witness concludes the attempt"
