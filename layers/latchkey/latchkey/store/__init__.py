"""DynamoDB: the only package that reads and writes tables."""
