"""What we write to people, and the post that carries it."""
