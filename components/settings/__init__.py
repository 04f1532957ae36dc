"""What a stack's YAML may say: the settings, the rules between them, and how both are read."""

from __future__ import annotations

from components.settings.errors import SettingsError
from components.settings.model import (
    AlertSettings,
    ImageSettings,
    InputSettings,
    JobSettings,
    LimitSettings,
    NetworkSettings,
    OutputSettings,
    RetentionSettings,
    RetrySettings,
    ScheduleSettings,
    Settings,
    Subscription,
)

__all__ = [
    "AlertSettings",
    "ImageSettings",
    "InputSettings",
    "JobSettings",
    "LimitSettings",
    "NetworkSettings",
    "OutputSettings",
    "RetentionSettings",
    "RetrySettings",
    "ScheduleSettings",
    "Settings",
    "SettingsError",
    "Subscription",
]
