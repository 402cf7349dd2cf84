"""People who sign in."""

ANA, LUIS, MARIA = "ana@example.com", "luis@example.com", "maria.gomez@gmail.com"
