"""The words of the trading log and the rules that fold them. No I/O, no clock, no messages."""
