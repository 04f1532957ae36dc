"""The Pulumi program in the embedded AWS: each resource that it registers is created there."""
