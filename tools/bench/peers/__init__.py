"""The same sign-in by mail at two other products, for comparison."""
