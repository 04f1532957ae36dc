"""The capabilities of the pipeline: one file each, and the pure decisions beside them."""
