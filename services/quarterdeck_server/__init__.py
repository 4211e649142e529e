"""The Quarterdeck services: everything that runs behind the contracts in proto/."""
