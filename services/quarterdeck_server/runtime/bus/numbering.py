"""Numbers that Redis gives: for topics that several processes publish to.

The number is taken and the entry written in one step, so the order of the numbers is that of the
stream. The epoch changes when Redis may have forgotten numbers that it gave: when it came back
empty, was started again, or a replica took over, of which its replication identifier tells.
"""

import uuid

import redis.asyncio as redis

from quarterdeck_server.runtime.bus.message import Message, encode

# One topic's numbers, the stream, and what a repeated request was answered the first time.
_APPEND = """
local numbers, stream, once = KEYS[1], KEYS[2], KEYS[3]
local topic, rows, entry, keep_ms = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local known = redis.call('HMGET', once, 'e', 'n')
if known[1] then return {tonumber(known[1]), tonumber(known[2])} end
local run = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
local before = redis.call('HMGET', numbers, '@run', '@epoch')
local epoch = tonumber(before[2] or '0')
if before[1] ~= run then
  local time = redis.call('TIME')
  epoch = math.max(epoch + 1, time[1] * 1000 + math.floor(time[2] / 1000))
  redis.call('DEL', numbers)
  redis.call('HSET', numbers, '@run', run, '@epoch', string.format('%.0f', epoch))
end
local first = redis.call('HINCRBY', numbers, topic, rows) - rows + 1
redis.call('XADD', stream, '*', 'b', entry, 'e', string.format('%.0f', epoch), 'n', first)
redis.call('HSET', once, 'e', string.format('%.0f', epoch), 'n', first)
redis.call('PEXPIRE', once, keep_ms)
return {epoch, first}
"""
KEEP_MS = 60_000


async def append(client: redis.Redis, key: str, message: Message, request: str) -> Message:
    """Write a message with the next number of its topic; the same request twice counts once."""
    keys = [f"{key}:numbers", key, f"{key}:once:{request}"]
    arguments: list[str | int | bytes] = [message.topic, message.rows, encode([message]), KEEP_MS]
    epoch, first = await client.register_script(_APPEND)(keys, arguments)
    return numbered(message, int(epoch), int(first))


def numbered(message: Message, epoch: int, first: int) -> Message:
    """Return a message with the numbers it was given."""
    return Message(
        message.topic, epoch, first, message.rows, message.publish_time_ns, message.payload
    )


def new_request() -> str:
    """Return a name for a request that nobody else uses."""
    return uuid.uuid4().hex
