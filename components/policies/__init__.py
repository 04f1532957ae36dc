"""Who may do what: IAM policies as plain data."""
