"""EventBridge: the bus with its rules, and the Scheduler."""
