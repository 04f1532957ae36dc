"""Facts about AWS: its service models, and what they do not say."""
