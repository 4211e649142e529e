"""Attribution: where a return, or a difference between two returns, came from.

The parts of every attribution here add up to what they explain: exactly in mathematics, and to
1e-12 of the sum of the parts' magnitudes in floating point. What does not add up is refused.
"""
