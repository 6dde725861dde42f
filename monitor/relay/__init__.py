"""The last hop to people: ntfy, Signal, Matrix, which Alertmanager does not speak; receipts; "I have it"; the week."""
