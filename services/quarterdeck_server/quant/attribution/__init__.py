"""Attribution: where a return, or a difference between two returns, came from.

The parts of every attribution here add up to what they explain: exactly in mathematics, and in
floating point to 1e-12 of the magnitudes that were added up. What cannot add up is refused.
"""
