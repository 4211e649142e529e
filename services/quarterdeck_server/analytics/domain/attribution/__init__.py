"""Where profit and returns came from: positions along prices, groups, and two compositions."""
