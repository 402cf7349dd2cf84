"""Bounded, repeatable load on a running portal: outcomes, times and memory."""
