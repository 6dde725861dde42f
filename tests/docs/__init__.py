"""The pages of docs/, read and run as a new user would: every block in its order, and what it shows compared."""
