"""What launcher, observer, program and operators share: attempts, journal, schedules, jobs."""
