"""The same sign-in by mail, side by side with two products that people would otherwise choose."""
