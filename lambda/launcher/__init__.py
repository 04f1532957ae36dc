"""The launcher: one CreateProcessingJob per slot and attempt."""
