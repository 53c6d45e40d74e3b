"""Speed, measured as ratios against a peer in one run: `make bench`. Nothing here is a test, and no test is timed."""
