"""What clinicians do, as a JSON API."""
