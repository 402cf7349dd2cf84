"""Load on a running portal, bounded and repeatable: what it does under it, and what it costs."""
