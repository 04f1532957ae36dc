"""What a stack's YAML may say: the settings, the rules between them, and how both are read."""

from components.settings.job import RetrySettings as RetrySettings
from components.settings.model import Settings as Settings
from components.settings.schedule import ScheduleSettings as ScheduleSettings
from components.settings.sections import NetworkSettings as NetworkSettings
from components.settings.sections import Share as Share
from components.settings.sections import Subscription as Subscription
from components.settings.sizes import SizeSettings as SizeSettings
