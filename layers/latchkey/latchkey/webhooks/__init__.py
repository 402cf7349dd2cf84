"""Webhooks: the queue of deliveries, and one POST to an address that was checked."""
