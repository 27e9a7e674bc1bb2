"""Ways to fuse beside the default, chosen by a setting: votes and sums of lists, and models fitted on a log."""
