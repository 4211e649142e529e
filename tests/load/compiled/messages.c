/* Reads just enough of a message: topic, sequence, rows, time. The field numbers are the contract's
 * (stream/v1/event.proto, control.proto, stream_service.proto). */
#include "reader.h"

#include <string.h>

struct cursor {
    const uint8_t *at, *end;
};

static uint64_t varint(struct cursor *c) {
    uint64_t value = 0;
    for (int shift = 0; c->at < c->end && shift < 64; shift += 7) {
        uint8_t byte = *c->at++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) break;
    }
    return value;
}

static struct cursor part(struct cursor *c) {
    uint64_t length = varint(c), left = (uint64_t)(c->end - c->at);
    struct cursor found = {c->at, c->at + (length < left ? length : left)};
    c->at = found.end;
    return found;
}

static void skip(struct cursor *c, uint32_t tag) {
    if ((tag & 7) == 0) varint(c);
    else if ((tag & 7) == 1) c->at += 8;
    else if ((tag & 7) == 2) part(c);
    else if ((tag & 7) == 5) c->at += 4;
    else c->at = c->end;
}

/* The first number in a topic tells the topics of a load apart. */
uint32_t number_in(const uint8_t *text, size_t length) {
    size_t i = 0;
    uint32_t value = 0;
    while (i < length && (text[i] < '0' || text[i] > '9')) i++;
    while (i < length && text[i] >= '0' && text[i] <= '9') value = value * 10 + (text[i++] - '0');
    return value;
}

static void parse_event(struct stream *stream, struct cursor c, int64_t now) {
    uint32_t topic = 0;
    uint64_t sequence = 0, rows = 1;
    int64_t time_ns = 0;
    while (c.at < c.end && !time_ns) {
        uint32_t tag = (uint32_t)varint(&c);
        if (tag == (1 << 3 | 2)) {
            struct cursor name = part(&c);
            topic = number_in(name.at, (size_t)(name.end - name.at));
        } else if (tag == 3 << 3) sequence = varint(&c);
        else if (tag == 4 << 3) rows = varint(&c);
        else if (tag == (5 << 3 | 1) && c.end - c.at >= 8) memcpy(&time_ns, c.at, 8);
        else skip(&c, tag);
    }
    tally_event(stream, topic, sequence, rows, time_ns, now);
}

static void parse_announcement(struct stream *stream, struct cursor c, bool is_gap) {
    uint32_t topic = 0, last_field = is_gap ? 4 : 3;
    uint64_t last = 0;
    while (c.at < c.end) {
        uint32_t tag = (uint32_t)varint(&c);
        if (tag == (1 << 3 | 2)) {
            struct cursor name = part(&c);
            topic = number_in(name.at, (size_t)(name.end - name.at));
        } else if (tag == last_field << 3) last = varint(&c);
        else skip(&c, tag);
    }
    tally_announced(stream, topic, last, is_gap);
}

static void parse_control(struct stream *stream, struct cursor c) {
    while (c.at < c.end) {
        uint32_t tag = (uint32_t)varint(&c);
        if (tag == (6 << 3 | 2)) parse_announcement(stream, part(&c), true);
        else if (tag == (7 << 3 | 2)) parse_announcement(stream, part(&c), false);
        else skip(&c, tag);
    }
}

void parse_watch_response(struct stream *stream, const uint8_t *data, size_t length, int64_t now) {
    struct cursor c = {data, data + length};
    while (c.at < c.end) {
        uint32_t tag = (uint32_t)varint(&c);
        if (tag == (2 << 3 | 2)) parse_event(stream, part(&c), now);
        else if (tag == (1 << 3 | 2)) parse_control(stream, part(&c));
        else skip(&c, tag);
    }
}

static int64_t number_after(const uint8_t *at, const uint8_t *end) {
    int64_t value = 0;
    while (at < end && (*at < '0' || *at > '9')) at++;
    while (at < end && *at >= '0' && *at <= '9') value = value * 10 + (*at++ - '0');
    return value;
}

/* The peers' events are JSON: {"topic": …, "sequence": …, "time_ns": …, …}, one or a list. */
void parse_text(struct stream *stream, const uint8_t *data, size_t length, int64_t now) {
    static const char topic_key[] = "\"topic\"", sequence_key[] = "\"sequence\"",
                      time_key[] = "\"time_ns\"";
    const uint8_t *at = data, *end = data + length;
    tally_message(length);
    for (;;) {
        const uint8_t *topic = memmem(at, (size_t)(end - at), topic_key, sizeof topic_key - 1);
        if (!topic) return;
        const uint8_t *sequence =
            memmem(topic, (size_t)(end - topic), sequence_key, sizeof sequence_key - 1);
        if (!sequence) return;
        const uint8_t *time = memmem(sequence, (size_t)(end - sequence), time_key,
                                     sizeof time_key - 1);
        if (!time) return;
        at = time + sizeof time_key;
        tally_event(stream, (uint32_t)number_after(topic, end),
                    (uint64_t)number_after(sequence, end), 1, number_after(time, end), now);
    }
}
