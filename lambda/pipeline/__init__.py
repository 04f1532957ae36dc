"""What launcher, observer and operators share: which run it is, and the journal of runs."""
