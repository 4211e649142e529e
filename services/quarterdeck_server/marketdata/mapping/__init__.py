"""Between the contract and the domain, and nothing else."""
