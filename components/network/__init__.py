"""The network: the VPC of the stack, or the one that the settings name."""
