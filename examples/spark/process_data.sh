#!/bin/sh
# What every host of the job runs.
exec "${0%/*}/cluster.py" revenue.py
