"""How many examples a property is tried with: profile `dev`, or the one HYPOTHESIS_PROFILE names.

Only `shrink` looks for the smallest failing example: that takes minutes for a whole pod.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "dev",
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
settings.register_profile("shrink", settings.get_profile("dev"), phases=[*Phase])
settings.register_profile(
    "ci", settings.get_profile("dev"), max_examples=300, derandomize=True, database=None
)
settings.register_profile("mutation", settings.get_profile("ci"), max_examples=60)
settings.register_profile("thorough", settings.get_profile("dev"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
