"""What trading cost: orders and the market's prices around them in, statistics out."""
