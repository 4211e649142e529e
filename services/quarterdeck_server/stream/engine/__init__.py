"""The fan-out itself: rings, logs, readers. No gRPC, no asyncio, no clock; times are arguments.

An event is encoded once. A topic keeps its recent events in a ring; readers with the same
subscriptions share a group, and a group has one append-only log for each manner of delivery. A
reader is a cursor into its group's logs: no queue, no copy.
"""
