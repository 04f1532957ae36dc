"""What metrics a script may send; shared by send_metric and relay_output."""

NAMESPACE = "SageMakerProcessing"
DIMENSIONS = ["stack", "schedule"]
LONGEST = 8192
"""Bytes of a line. Docker splits lines at 16 KB, and each part may become an event of its own."""
TAKEN = {
    *("JobsSucceeded", "JobsFailed", "JobDuration", "QueueTime", "Attempts", "EstimatedCost"),
    *("SlotsSkipped", "SecondsSinceSuccess", "SecondsRunning"),
}
"""The observer's own metrics, on which alarms rely: a script must not send them."""
