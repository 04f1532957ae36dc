"""What CI needs in an AWS account before the first deployment, and nothing else."""
