"""What is told: the view as JSON and as exposition, and a walk in the words of a newspaper."""
