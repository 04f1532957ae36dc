"""What a stack's YAML may say: the settings, the rules between them, and how both are read."""

from __future__ import annotations

from components.settings.errors import SettingsError
from components.settings.failures import AlertSettings, RetrySettings, Subscription
from components.settings.model import (
    InputSettings,
    JobSettings,
    OutputSettings,
    ProtectionSettings,
    RetentionSettings,
    ScheduleSettings,
    Settings,
)
from components.settings.security import LimitSettings, NetworkSettings

__all__ = [
    "AlertSettings",
    "InputSettings",
    "JobSettings",
    "LimitSettings",
    "NetworkSettings",
    "OutputSettings",
    "ProtectionSettings",
    "RetentionSettings",
    "RetrySettings",
    "ScheduleSettings",
    "Settings",
    "SettingsError",
    "Subscription",
]
