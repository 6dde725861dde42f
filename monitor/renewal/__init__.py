"""The catalogue alone, renewed from one small signed file: what services are asked, and what liars are known to say."""
