"""Letters to people, the queue of mail jobs, and the client of SES."""
