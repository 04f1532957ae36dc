"""`make drill`: a region is lost, in all sorts of ways, and what then becomes of its slots."""
