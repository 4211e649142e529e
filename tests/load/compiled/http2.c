/* gRPC over HTTP/2 without a library: many streams on a connection, flow control as it should be,
 * except on streams that are to be stuck. Also gRPC-Web, which frames its messages alike. */
#include "reader.h"

#include <stdio.h>
#include <string.h>

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, UPDATE = 8 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

static const uint32_t STREAM_WINDOW = 1 << 20, CONNECTION_WINDOW = 1 << 30;
static const uint32_t GIVEN_AT_FIRST = 65535;

static void frame(struct bytes *out, uint32_t length, uint8_t type, uint8_t flags, uint32_t id) {
    uint8_t head[9] = {length >> 16, length >> 8, length, type, flags,
                       id >> 24,     id >> 16,    id >> 8, id};
    append(out, head, sizeof head);
}

static void give_room(struct bytes *out, uint32_t id, uint32_t size) {
    uint8_t body[4] = {size >> 24, size >> 16, size >> 8, size};
    frame(out, 4, UPDATE, 0, id);
    append(out, body, sizeof body);
}

static void length_of(struct bytes *out, size_t length) {
    uint8_t byte = length < 127 ? (uint8_t)length : 127;
    append(out, &byte, 1);
    if (length < 127) return;
    for (length -= 127;; length >>= 7) {
        byte = length > 127 ? (uint8_t)(length | 128) : (uint8_t)length;
        append(out, &byte, 1);
        if (length < 128) return;
    }
}

/* Literal, never indexed: 700 bytes more a stream, and no table to keep. */
static void header(struct bytes *out, const char *name, const char *value) {
    append(out, "\x10", 1);
    length_of(out, strlen(name));
    append_text(out, name);
    length_of(out, strlen(value));
    append_text(out, value);
}

static void open_stream(struct connection *c, struct stream *stream, int number) {
    struct bytes head = {0};
    header(&head, ":method", "POST");
    header(&head, ":scheme", "http");
    header(&head, ":path", options.path);
    header(&head, ":authority", options.host);
    header(&head, "te", "trailers");
    header(&head, "content-type", options.content_type);
    struct bytes bearer = {0};
    append_text(&bearer, "Bearer ");
    append(&bearer, options.token, strlen(options.token) + 1);
    header(&head, "authorization", (const char *)bearer.data);
    drop(&bearer, bearer.length);
    frame(&c->out, (uint32_t)head.length, HEADERS, END_HEADERS, stream->id);
    append(&c->out, head.data, head.length);
    drop(&head, head.length);

    const uint8_t *request = options.requests.data;
    const uint8_t *end = request + options.requests.length;
    uint32_t length;
    memcpy(&length, request, 4);
    for (int i = 0; i < number; i++) {
        request += 4 + length;
        if (request >= end) request = options.requests.data;
        memcpy(&length, request, 4);
    }
    uint8_t prefix[5] = {0, length >> 24, length >> 16, length >> 8, length};
    for (uint32_t sent = 0, whole = length + 5; sent < whole;) {
        uint32_t size = whole - sent < 16384 ? whole - sent : 16384;
        frame(&c->out, size, DATA, sent + size == whole ? END_STREAM : 0, stream->id);
        if (!sent) append(&c->out, prefix, 5);
        append(&c->out, request + 4 + (sent ? sent - 5 : 0), sent ? size : size - 5);
        sent += size;
    }
}

static void greet(struct connection *c) {
    uint8_t window[6] = {0,
                         4,
                         (uint8_t)(STREAM_WINDOW >> 24),
                         (uint8_t)(STREAM_WINDOW >> 16),
                         (uint8_t)(STREAM_WINDOW >> 8),
                         (uint8_t)STREAM_WINDOW};
    append_text(&c->out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    frame(&c->out, sizeof window, SETTINGS, 0, 0);
    append(&c->out, window, sizeof window);
    give_room(&c->out, 0, CONNECTION_WINDOW - GIVEN_AT_FIRST);
    for (int i = 0; i < c->stream_count; i++) {
        c->streams[i].id = (uint32_t)(2 * i + 1);
        open_stream(c, &c->streams[i], c->index + i * options.connections);
    }
}

static uint32_t big_endian(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void whole_message(struct stream *stream, const uint8_t *at, uint32_t length, int64_t now) {
    if (at[0] & 128) { /* gRPC-Web sends its trailers as a message */
        tally_ended(stream);
        return;
    }
    tally_opened(stream);
    tally_message(length);
    parse_watch_response(stream, at + 5, length, now);
}

static void data_came(struct stream *stream, const uint8_t *at, size_t left, int64_t now) {
    struct bytes *part = &stream->message;
    while (left) {
        if (!part->length && left >= 5 && left >= 5 + (size_t)big_endian(at + 1)) {
            uint32_t length = big_endian(at + 1);
            whole_message(stream, at, length, now);
            at += 5 + length;
            left -= 5 + length;
            continue;
        }
        size_t want = part->length < 5 ? 5 - part->length
                                       : 5 + big_endian(part->data + 1) - part->length;
        size_t got = want < left ? want : left;
        append(part, at, got);
        at += got;
        left -= got;
        if (part->length >= 5 && part->length == 5 + (size_t)big_endian(part->data + 1)) {
            whole_message(stream, part->data, big_endian(part->data + 1), now);
            part->length = 0;
        }
    }
}

static void credit(struct connection *c, struct stream *stream, uint32_t length) {
    c->credit += length;
    if (c->credit > CONNECTION_WINDOW / 4) {
        give_room(&c->out, 0, c->credit);
        c->credit = 0;
    }
    if (!stream || stream->is_stuck || stream->is_ended) return;
    stream->credit += length;
    if (stream->credit > STREAM_WINDOW / 2) {
        give_room(&c->out, stream->id, stream->credit);
        stream->credit = 0;
    }
}

static size_t take(struct connection *c, const uint8_t *data, size_t length, int64_t now) {
    size_t taken = 0;
    while (length - taken >= 9) {
        const uint8_t *at = data + taken;
        uint32_t size = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
        uint32_t id = big_endian(at + 5) & 0x7fffffff;
        if (length - taken < 9 + (size_t)size) break;
        struct stream *stream = id && (int)(id / 2) < c->stream_count ? &c->streams[id / 2] : NULL;
        if (at[3] == DATA) {
            if (stream) data_came(stream, at + 9, size, now);
            credit(c, stream, size);
        } else if (at[3] == SETTINGS && !(at[4] & ACK)) frame(&c->out, 0, SETTINGS, ACK, 0);
        else if (at[3] == PING && !(at[4] & ACK)) {
            frame(&c->out, 8, PING, ACK, 0);
            append(&c->out, at + 9, 8);
        } else if (at[3] == GOAWAY) fprintf(stderr, "GOAWAY %u\n", big_endian(at + 13));
        bool is_last = (at[3] == DATA || at[3] == HEADERS) && at[4] & END_STREAM;
        if (stream && (is_last || at[3] == RST_STREAM)) tally_ended(stream);
        taken += 9 + size;
    }
    return taken;
}

const struct protocol http2 = {"grpc", greet, take};
