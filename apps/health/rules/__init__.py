"""The rules, by subject. `settings.HEALTH_RULES` names those that are looked at, and in which order."""
