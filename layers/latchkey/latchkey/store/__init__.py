"""What we remember: the only room that speaks DynamoDB."""
