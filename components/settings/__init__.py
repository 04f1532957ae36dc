"""What a stack's YAML may say: the settings, the rules between them, and how both are read."""

from components.settings.model import (
    NetworkSettings,
    RetrySettings,
    ScheduleSettings,
    Settings,
    Subscription,
)

__all__ = [
    "NetworkSettings",
    "RetrySettings",
    "ScheduleSettings",
    "Settings",
    "Subscription",
]
