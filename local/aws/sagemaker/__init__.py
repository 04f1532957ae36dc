"""The local SageMaker: its service, and what really runs its jobs."""
