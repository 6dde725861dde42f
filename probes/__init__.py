"""What happened: knocks on doors and writes down what it saw. Knows nothing of monitoring."""
