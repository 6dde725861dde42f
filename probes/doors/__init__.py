"""One door per outside library: each translates the library into our facts and failures, and nothing else."""
