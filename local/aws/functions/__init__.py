"""Lambda: functions that execute their deployed code."""
